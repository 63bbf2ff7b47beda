"""Strokes of other programs and data sets."""

from __future__ import annotations

import base64
import contextlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawings import FACE_SVG
from hypothesis import given
from hypothesis import strategies as st

from s2pzoo.errors import BadInputError
from s2pzoo.imaging.formats import FORMS, members, read_strokes, strokes_of
from s2pzoo.imaging.read import read_sketch
from s2pzoo.imaging.strokes import Area, Strokes

SQUARE = [(0, 0), (100, 0), (100, 100), (0, 100), (0, 0)]
BAR = [(20, 50), (80, 50), (80, 60)]
CASES = Path(__file__).parents[1] / "fixtures" / "drawings"


def shape_of(strokes: Strokes) -> list[list[list[float]]]:
    """The lines, brought to a box of side 1: whatever their place and unit."""
    x0, y0, x1, y1 = strokes.box()
    side = max(x1 - x0, y1 - y0)
    return [((line - [x0, y0]) / side).round(2).tolist() for line in strokes.points]


WANTED = [[[x / 100, y / 100] for x, y in line] for line in (SQUARE, BAR)]


def deltas(lines: list[list[tuple[int, int]]]) -> list[tuple[float, float, int]]:
    """As sketch-rnn has them."""
    rows, last = [], (0, 0)
    for line in lines:
        for index, point in enumerate(line):
            rows.append((point[0] - last[0], point[1] - last[1], int(index == len(line) - 1)))
            last = point
    return rows


def excalidraw(kind: str, line: list[tuple[int, int]], **more: Any) -> dict[str, Any]:
    (x, y), points = line[0], [[px - line[0][0], py - line[0][1]] for px, py in line]
    return {"type": kind, "x": x, "y": y, "points": points, "width": 1, "height": 1, "strokeColor": "#1e1e1e",
            "strokeWidth": 2, "angle": 0, "isDeleted": False, **more}  # fmt: skip


def tldraw(number: int, segments: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"typeName": "shape", "id": f"shape:{number}", "type": "draw", "x": 0, "y": 0, "rotation": 0,
            "parentId": "page:page", "props": {"segments": segments, "size": "m", "color": "black"}} | more  # fmt: skip


def objects(line: list[tuple[int, int]]) -> dict[str, Any]:
    return {"type": "free", "points": [{"x": x, "y": y, "z": 0.5} for x, y in line]}


def packed(line: list[tuple[int, int]]) -> dict[str, Any]:
    """tldraw 4: the first point in floats, then the steps in half floats."""
    points = np.array([(x, y, 0.5) for x, y in line])
    raw = points[0].astype("<f4").tobytes() + np.diff(points, axis=0).astype("<f2").tobytes()
    return {"type": "free", "path": base64.b64encode(raw).decode()}


def halves(line: list[tuple[int, int]]) -> dict[str, Any]:
    """tldraw 4.2: all in half floats."""
    points = np.array([(x, y, 0.5) for x, y in line]).astype("<f2")
    return {"type": "free", "points": base64.b64encode(points.tobytes()).decode()}


SAME: dict[str, Any] = {
    "points": [SQUARE, BAR],
    "pressure": [[(x, y, 0.7) for x, y in line] for line in (SQUARE, BAR)],
    "s2pzoo": {"canvas": [100, 100], "strokes": [{"points": SQUARE}, BAR]},
    "quickdraw, simplified": [[[x for x, _ in line], [y for _, y in line]] for line in (SQUARE, BAR)],
    "quickdraw, raw": {"drawing": [[*map(list, zip(*line, strict=True)), [0.0] * len(line)] for line in (SQUARE, BAR)]},
    "stroke-3": deltas([SQUARE, BAR]),
    "stroke-5": [(dx, dy, 1 - pen, pen, 0) for dx, dy, pen in deltas([SQUARE, BAR])] + [(0, 0, 0, 0, 1)] * 3,
    "excalidraw": {"type": "excalidraw", "elements": [excalidraw("freedraw", SQUARE), excalidraw("line", BAR)]},
    "excalidraw, deleted": {"elements": [excalidraw("line", SQUARE), excalidraw("arrow", BAR),
                                         excalidraw("line", BAR, isDeleted=True)]},
    "tldraw, objects": {"tldrawFileFormatVersion": 1,
                        "records": [tldraw(1, [objects(SQUARE)]), tldraw(2, [objects(BAR)])]},
    "tldraw, packed": {"records": [tldraw(1, [packed(SQUARE)]), tldraw(2, [packed(BAR)])]},
    "tldraw, halves": {"document": {"store": {"a": tldraw(1, [halves(SQUARE)]), "b": tldraw(2, [halves(BAR)])}}},
    "tldraw, in a group": {"records": [tldraw(1, [objects(SQUARE)], parentId="shape:9", x=-7),
                                       tldraw(2, [objects(BAR)]),
                                       {"typeName": "shape", "id": "shape:9", "type": "group", "x": 7, "y": 0,
                                        "rotation": 0, "parentId": "page:page", "props": {}}]},
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_the_same_drawing_is_read_alike_in_every_form(name: str, tmp_path: Path) -> None:
    file = tmp_path / "drawing.json"
    file.write_text(json.dumps(SAME[name]))
    for strokes in (strokes_of(SAME[name]), read_strokes(file)):
        assert shape_of(strokes) == WANTED
        x0, y0, x1, y1 = strokes.box()
        assert x0 + x1 == pytest.approx(1) and y0 + y1 == pytest.approx(1)


def test_shapes_of_drawing_programs_become_their_outlines() -> None:
    box = {"type": "rectangle", "x": 5, "y": 5, "width": 40, "height": 20, "angle": math.pi / 2}
    ring = {
        "type": "ellipse",
        "x": 5,
        "y": 5,
        "width": 40,
        "height": 20,
        "backgroundColor": "#ff0000",
        "fillStyle": "solid",
    }
    turned, filled = strokes_of({"elements": [box]}), strokes_of({"elements": [ring]})
    x0, y0, x1, y1 = turned.box()
    assert (y1 - y0) / (x1 - x0) == pytest.approx(2)
    assert len(filled.marks) == 2 and len(filled.lines) == 1
    geo = {"id": "s", "type": "geo", "x": 3, "y": 4, "props": {"geo": "rectangle", "w": 10, "h": 30}}
    x0, y0, x1, y1 = strokes_of({"shapes": [geo]}).box()
    assert (y1 - y0) / (x1 - x0) == pytest.approx(3)


AMBIGUOUS = [
    [[[0.1, 0.2], [0.3, 0.4]]],
    [[[10, 20], [30, 40]], [[1, 2], [3, 4]]],
    [[[1, 9, 3], [9, 5, 0]]],
    [[[1, 9], [3, 4], [5, 0]], [[1, 2], [3, 4]]],
    [[[1, 2, 0], [4, 9, 6], [7, 0, 9]]],
]


ARRAYS = [[[0, 50, 100, 20], [0, 30, 90, 5]], [[5, 60], [7, 8]]]


def test_what_lies_under_our_own_name_and_cannot_be_ours_is_what_it_is() -> None:
    wanted = [line.tolist() for line in strokes_of(ARRAYS, form="quickdraw").points]
    assert [line.tolist() for line in strokes_of({"strokes": ARRAYS}).points] == wanted
    for drawing in AMBIGUOUS:  # that name is our own
        assert strokes_of({"strokes": drawing}).marks == strokes_of({"strokes": drawing}, form="s2pzoo").marks
    assert strokes_of({"strokes": SAME["points"], "shapes": [], "document": {}}).marks


@pytest.mark.parametrize("rows", [SAME["stroke-3"], SAME["stroke-5"]])
def test_rows_of_sketch_rnn_in_one_more_list_are_asked_about(rows: Any) -> None:
    with pytest.raises(BadInputError, match=r"two ways(?s:.)*Take the outer list away"):
        strokes_of([rows])
    assert strokes_of(rows).marks


def test_what_lets_the_paper_through_is_paler() -> None:
    line = {"type": "freedraw", "x": 0, "y": 0, "points": [[0, 0], [9, 9]], "strokeColor": "#000000", "opacity": 10}
    assert strokes_of({"elements": [line]}).marks[0].shade == pytest.approx(0.9)
    geo = {"id": "s", "type": "geo", "x": 3, "y": 4, "opacity": 0.5,
           "props": {"geo": "ellipse", "w": 10, "h": 30, "fill": "fill", "color": "black"}}  # fmt: skip
    filled, around = strokes_of({"shapes": [geo]}).marks
    assert isinstance(filled, Area) and filled.shade == around.shade == 0.5


@pytest.mark.parametrize("drawing", AMBIGUOUS)
def test_what_could_be_two_drawings_is_asked_about(drawing: Any, tmp_path: Path) -> None:
    file = tmp_path / "two.json"
    file.write_text(json.dumps(drawing))
    with pytest.raises(BadInputError, match=r"two\.json can be read in two ways(?s:.)*--strokes quickdraw"):
        read_sketch(file, size=64)
    points = read_sketch(file, size=64, strokes="points").ink
    arrays = read_sketch(file, size=64, strokes="quickdraw").ink
    assert points.min() < 0.5 > arrays.min() and np.abs(points - arrays).max() > 0.5


@pytest.mark.parametrize(
    ("drawing", "form"), [([[[1, 2], [3, 4], [5, 6], [7, 8]], [[1, 2], [3, 4]]], "points"),
                          ([[[1, 2, 3, 4], [5, 6, 7, 8]], [[1, 2], [3, 4]]], "quickdraw")],
)  # fmt: skip
def test_one_longer_stroke_tells(drawing: Any, form: str) -> None:
    assert strokes_of(drawing) == strokes_of(drawing, form=form)
    assert [line.tolist() for line in strokes_of(drawing).points] == [
        line.tolist() for line in strokes_of(drawing, form=form).points
    ]


def test_a_form_that_is_none_is_told() -> None:
    with pytest.raises(BadInputError, match=r"no form of strokes 'quickdrow'(?s:.)*quickdraw"):
        strokes_of(SAME["points"], form="quickdrow")


NOTHING = [
    5, "text", None, {}, {"a": 1}, [[1, 2], [3, 4]], [1, 2, 3], {"elements": 5}, {"elements": [{"type": "line"}]},
    {"elements": [{"type": "text", "x": 0, "y": 0}]}, {"records": [{"typeName": "shape"}]}, {"drawing": [[1, 2]]},
    {"drawing": [[[1, 2], [1]]]}, [[[0, 0], [1]]], [[["a", "b"]]], {"store": {"x": 5}}, [[]], {"records": "abc"},
    {"records": [tldraw(1, [{"type": "free", "path": "AAAA"}])]}, [[0, 0, 1, 0]],
    {"records": [tldraw(1, [objects(BAR)], parentId="shape:1")]},
]  # fmt: skip


@pytest.mark.parametrize("data", NOTHING)
def test_what_is_no_drawing_is_an_error_that_names_it(data: Any, tmp_path: Path) -> None:
    file = tmp_path / "odd.json"
    file.write_text(json.dumps(data))
    with pytest.raises(BadInputError, match=r"odd\.json|not strokes|no lines") as caught:
        read_sketch(file, size=32)
    assert "odd.json" in str(caught.value)


KEYS = ["strokes", "points", "elements", "type", "x", "y", "records", "id", "props", "drawing", "canvas"]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | st.sampled_from(["free", "line", "AAAA", ""]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(data=json_values, form=st.sampled_from(["", *FORMS]))
def test_whatever_json_holds_it_is_strokes_or_an_error(data: Any, form: str) -> None:
    with contextlib.suppress(BadInputError):
        assert isinstance(strokes_of(data, form=form), Strokes)


class TestADrawingALine:
    """NDJSON files, as QuickDraw's."""

    def test_each_line_is_one_drawing(self) -> None:
        first, second = members(CASES / "01-quickdraw.ndjson")
        assert (first.name, second.name) == ("01-quickdraw.ndjson#1", "01-quickdraw.ndjson#2")
        inks = [read_sketch(one, size=64).ink for one in (first, second)]
        assert np.abs(inks[0] - inks[1]).mean() > 0.001
        assert all(ink.min() < 0.3 for ink in inks)

    def test_one_drawing_is_the_file(self, tmp_path: Path) -> None:
        file = tmp_path / "one.ndjson"
        file.write_text("\n" + json.dumps({"drawing": SAME["quickdraw, simplified"]}) + "\n\n")
        assert members(file) == [file]
        assert shape_of(read_strokes(file)) == WANTED

    def test_many_where_one_is_wanted_are_named(self) -> None:
        with pytest.raises(BadInputError, match=r"holds 2 drawings(?s:.)*01-quickdraw\.ndjson#1"):
            read_sketch(CASES / "01-quickdraw.ndjson", size=64)

    def test_a_line_that_is_not_there_is_told(self) -> None:
        with pytest.raises(BadInputError, match="#9"):
            read_sketch(CASES / "01-quickdraw.ndjson#9", size=64)


@pytest.mark.parametrize(
    "rows",
    [
        [[0, 0, 0.5], [10, 5, 0.6], [20, 50, 0.5], [60, 60, 0.4]],
        [[0, 0, 0], [10, 5, 16], [20, 50, 32]],
        [[0, 0, 0.5, 1, 2], [10, 5, 0.6, 1, 2]],
        [[0, 0, 1, 1, 0], [10, 5, 1, 0, 0]],
    ],
)
def test_rows_whose_last_numbers_are_no_states_of_a_pen_are_asked_about(rows: list[list[float]]) -> None:
    with pytest.raises(BadInputError, match="pressure or time"):
        strokes_of(rows)


@pytest.mark.parametrize("points", [[[1, 2, 0.5], [30, 40, 0.7]], [[1, 2], [30, 40]]])
def test_points_may_have_pressure_in_every_form(points: list[list[float]]) -> None:
    for data in ({"strokes": [{"points": points}]}, {"canvas": [50, 50], "strokes": [{"points": points}]}):
        (line,) = strokes_of(data).points
        assert line.shape == (2, 2)


def test_two_pages_are_not_laid_over_each_other() -> None:
    shape = {"type": "draw", "props": {"segments": [{"points": [{"x": 0, "y": 0}, {"x": 9, "y": 9}]}]}}
    shapes = [{"id": f"shape:{n}", "parentId": f"page:{n}", **shape} for n in range(2)]
    assert strokes_of({"shapes": shapes[:1]}).points
    with pytest.raises(BadInputError, match="2 pages"):
        strokes_of({"shapes": shapes})
    unseen = [shapes[0], {**shapes[0], "id": "shape:9", "opacity": 0}]
    assert len(strokes_of({"shapes": unseen}).points) == 1


def test_what_excalidraw_does_not_stroke_is_not_drawn() -> None:
    line = {"type": "line", "x": 0, "y": 0, "width": 9, "height": 9, "points": [[0, 0], [9, 9]]}
    clear = {**line, "strokeColor": "transparent"}
    assert len(strokes_of({"elements": [line, clear]}).points) == 1


@pytest.mark.parametrize(
    "data",
    [
        {"elements": [excalidraw("line", BAR), {"type": "text", "x": 0, "y": 0}, {"type": "text", "x": 0, "y": 9},
                      {"type": "image", "x": 0, "y": 0}, {"type": "text", "x": 0, "y": 0, "isDeleted": True}]},
        {"records": [tldraw(1, [objects(BAR)]), *({**tldraw(n, []), "type": kind, "props": {}}
                                                 for n, kind in enumerate(("text", "text", "image"), 2))]},
    ],
    ids=["excalidraw", "tldraw"],
)  # fmt: skip
def test_texts_and_pictures_beside_lines_are_told(data: dict[str, Any]) -> None:
    assert strokes_of(data).notes == ("not drawn: 2 texts, 1 image",)
    assert "not drawn: 2 texts, 1 image" in read_sketch(data, size=64).notes
    assert strokes_of(data).moved(x=0.1).inverted().notes == strokes_of(data).notes


def test_groups_in_groups_are_turned_about_their_own_corners() -> None:
    group = {"typeName": "shape", "type": "group", "props": {}, "rotation": math.pi / 2, "x": 0, "y": 0}
    groups = [
        {**group, "id": "shape:8", "parentId": "page:page", "x": 100},
        {**group, "id": "shape:9", "parentId": "shape:8"},
    ]
    held = tldraw(1, [objects(BAR)], parentId="shape:9", x=3)
    alone = tldraw(1, [objects([(100 - x - 3, -y) for x, y in BAR])])
    far = tldraw(2, [objects([(-200, -200), (200, 200)])])
    one, other = (strokes_of({"records": [*more, far]}) for more in ([*groups, held], [alone]))
    np.testing.assert_allclose(one.points[0], other.points[0], atol=1e-9)


def test_a_form_that_is_none_is_told_of_any_drawing(tmp_path: Path) -> None:
    (tmp_path / "face.svg").write_text(FACE_SVG)
    with pytest.raises(BadInputError, match="no form of strokes 'bogus'"):
        read_sketch(tmp_path / "face.svg", size=64, strokes="bogus")


def test_ndjson_by_another_name_is_told(tmp_path: Path) -> None:
    (tmp_path / "face.json").write_text(
        '{"drawing": [[[0, 1, 2], [3, 4, 5]]]}\n{"drawing": [[[0, 1, 2], [3, 4, 5]]]}\n'
    )
    with pytest.raises(BadInputError, match="more than one JSON document") as caught:
        read_strokes(tmp_path / "face.json")
    assert ".ndjson" in caught.value.fix
