"""A model as a picture: its steps as boxes, the values between them as arrows. No torch."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from attrs import frozen

from s2pzoo.spec.graph import remarks, rows
from s2pzoo.spec.model import Model
from s2pzoo.spec.ports import KINDS

_WIDE, _HIGH = 176, 60  # a box
_ACROSS, _DOWN = 176, 44  # between boxes
_PILL = 92  # the width of what goes in and comes out
_MARGIN = 22
_OVER = 26  # what arrows that pass over steps need above
_LETTERS = 28  # of a line in a box
_PICTURE, _TENSOR, _INK, _PALE = "#2f6fae", "#b5651d", "#24292f", "#8c959f"


@frozen(kw_only=True)
class _Box:
    """Something with a place: a step, the input or the output."""

    x: float
    y: float
    wide: float = _WIDE

    @property
    def middle(self) -> float:
        return self.y + _HIGH / 2


MARK = "Drawn by s2pzoo"
"""By which a picture of a model is known as ours."""


def diagram(model: Model) -> str:
    """The steps of a model as an SVG picture.

    From left to right each step stands behind what it reads; steps that run only when asked for are pale, adapters
    that were put in dashed. Pictures are blue, other tensors brown. What no step reads stands below the one that gives
    it.
    """
    told = rows(model)
    columns = _columns(told, model.input)
    taken: dict[int, int] = {}
    made = {model.input: 0} | {value: columns[row["name"]] for row in told for value in row["gives"]}
    far = any(columns[row["name"]] - made[value] > 1 for row in told for value in row["reads"])
    top = _MARGIN + (_OVER if far else 0)
    boxes = {"": _Box(x=_MARGIN, y=top, wide=_PILL)}
    for row in sorted(told, key=lambda row: row["side"]):  # the main line on top
        column = columns[row["name"]]
        line = taken.get(column, 0)
        taken[column] = line + 1
        boxes[row["name"]] = _Box(x=_left(column), y=top + line * (_HIGH + _DOWN))
    end = _Box(x=_left(1 + max(columns.values(), default=0)), y=top, wide=_PILL)
    width, height = end.x + _PILL + _MARGIN, max(box.y for box in boxes.values()) + _HIGH + _DOWN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" font-family="sans-serif" font-size="12" role="img">',
        f"<title>{escape(model.name)}</title>",
        f"<desc>{MARK}</desc>",
        f'<rect width="{width:g}" height="{height:g}" rx="8" fill="#ffffff"/>',
        *_arrows(model, boxes, end),
        _pill(boxes[""], model.input),
        _pill(end, model.output),
    ]
    for row in told:
        parts += _step(boxes[row["name"]], row)
    return "\n".join([*parts, "</svg>", ""])


def _columns(told: list[dict], start: str) -> dict[str, int]:
    """How many steps lie before each one, itself included."""
    made, columns = {start: 0}, {}
    for row in told:
        columns[row["name"]] = 1 + max((made[value] for value in row["reads"]), default=0)
        made |= dict.fromkeys(row["gives"], columns[row["name"]])
    return columns


def _left(column: int) -> float:
    return _MARGIN + (_PILL + _ACROSS + (column - 1) * (_WIDE + _ACROSS) if column else 0)


def _arrows(model: Model, boxes: dict[str, _Box], end: _Box) -> Iterator[str]:
    """Each value from where it is made to all that read it; what nothing reads stands below its step."""
    makers = {model.input: ""} | {value: step.name for step in model.steps for value in step.outputs.values()}
    readers = {value: [boxes[s.name] for s in model.steps if value in s.inputs.values()] for value in makers}
    readers[model.output].append(end)
    said = dict.fromkeys(boxes, 0)
    for value in sorted(makers, key=lambda value: not readers[value]):
        port, box = model.values[value], boxes[makers[value]]
        colour = _PICTURE if KINDS.get(port.kind) else _TENSOR
        form = f"{port.kind} ({','.join(map(str, port.shape))})"
        for reader in readers[value]:
            yield from _arrow(box, reader, colour)
        number = said[makers[value]]
        said[makers[value]] += 1
        if readers[value] and not number:
            x, y = box.x + box.wide + 10, box.middle - 18
            yield f'<text x="{x:g}" y="{y:g}" fill="{colour}" font-weight="bold">{escape(value)}</text>'
            yield f'<text x="{x:g}" y="{y + 12:g}" fill="{colour}" font-size="10">{escape(form)}</text>'
        else:
            x, y = box.x + 10, box.y + _HIGH + 13 * max(1, number)
            yield f'<text x="{x:g}" y="{y:g}" fill="{colour}" font-size="10">{escape(f"{value}: {form}")}</text>'


def _arrow(box: _Box, to: _Box, colour: str) -> Iterator[str]:
    line = f'fill="none" stroke="{colour}" stroke-width="1.5"/>'
    x, y = box.x + box.wide, box.middle
    if to.x - x <= _ACROSS:
        bend, end, down = min(60, (to.x - x) / 2), to.x, to.middle
        yield f'<path d="M{x:g} {y:g}C{x + bend:g} {y:g} {end - bend:g} {down:g} {end - 5:g} {down:g}" {line}'
        yield f'<path d="M{end:g} {down:g}l-7 -3.5v7z" fill="{colour}"/>'
        return
    x, y, end, high = box.x + box.wide / 2, box.y + 12, to.x + 24, box.y - _OVER + 6  # over the heads of other steps
    yield f'<path d="M{x:g} {y:g}C{x:g} {high:g} {end:g} {high:g} {end:g} {to.y - 5:g}" {line}'
    yield f'<path d="M{end:g} {to.y:g}l-3.5 -7h7z" fill="{colour}"/>'


def _pill(box: _Box, text: str) -> str:
    return (
        f'<rect x="{box.x:g}" y="{box.y + 12:g}" width="{box.wide}" height="{_HIGH - 24}" rx="18" fill="#eef3f8" '
        f'stroke="{_PICTURE}"/><text x="{box.x + box.wide / 2:g}" y="{box.middle + 4:g}" text-anchor="middle" '
        f'fill="{_INK}" font-weight="bold">{escape(text)}</text>'
    )


def _step(box: _Box, row: dict) -> Iterator[str]:
    ink = _PALE if row["side"] else _INK
    dash = ' stroke-dasharray="5 3"' if row["inserted"] else ""
    yield (
        f'<rect x="{box.x:g}" y="{box.y:g}" width="{_WIDE}" height="{_HIGH}" rx="8" '
        f'fill="#f6f8fa" stroke="{ink}"{dash}/>'
    )
    lines = [(row["name"], 19, 12, "bold"), (row["component"], 34, 10, "normal")]
    lines += [(remark, 49, 9, "normal") for remark in remarks(row)[:1]]
    for text, down, size, weight in lines:
        shown = text if len(text) <= _LETTERS + 4 else f"{text[:_LETTERS]} ..."
        yield (
            f'<text x="{box.x + 10:g}" y="{box.y + down:g}" font-size="{size}" font-weight="{weight}" '
            f'fill="{ink}">{escape(shown)}</text>'
        )
