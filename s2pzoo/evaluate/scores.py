"""What an evaluation is measured on, and what comes out: scores, as a table for people and JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from attrs import field, frozen

from s2pzoo.errors import UsageError
from s2pzoo.evaluate.table import Metric, Row, Table
from s2pzoo.imaging.rough import LEVELS
from s2pzoo.spec.names import hint

_METRICS = (
    Metric(name="LPIPS", better="lower"),
    Metric(name="SSIM", better="higher"),
    Metric(name="FID", better="lower", digits=1),
)
_FALL = "falls off by"


def _levels(value: Sequence[str]) -> tuple[str, ...]:
    """In the order of roughness, unknown ones last."""
    return (*(level for level in LEVELS if level in value), *(level for level in value if level not in LEVELS))


@frozen(kw_only=True)
class Protocol:
    """What is measured on.

    Attributes:
        n: the first n photos of the dataset; FID is over all of them.
        paired: photos for LPIPS and SSIM.
        levels: of roughness, from clean to very rough.
        seed: of the sketches.
        batch: sketches that run together; no figure depends on it but for rounding.
        size: side at which photos are compared, larger ones being averaged down; None for that of the dataset.
    """

    n: int = field(default=1000, validator=attrs.validators.ge(2))
    paired: int = field(default=200, validator=attrs.validators.ge(1))
    levels: tuple[str, ...] = field(default=tuple(LEVELS), converter=_levels)
    seed: int = field(default=0, validator=attrs.validators.ge(0))
    batch: int = field(default=16, validator=attrs.validators.ge(1))
    size: int | None = field(default=None, validator=attrs.validators.optional(attrs.validators.ge(32)))

    def __attrs_post_init__(self) -> None:
        for level in self.levels:
            if level not in LEVELS:
                raise UsageError(
                    f"There is no level {level!r}.", why=f"There are: {', '.join(LEVELS)}.", fix=hint(level, LEVELS)
                )
        if not self.levels:
            raise UsageError("No level of roughness was given.", fix=f"There are: {', '.join(LEVELS)}.")


@frozen(kw_only=True)
class Score:
    """One method at one level. `seconds` is the making of the photos alone."""

    method: str
    model: str
    weights: Mapping[str, str]
    options: Mapping[str, Any]
    level: str
    lpips: float
    ssim: float
    fid: float
    n: int
    paired: int
    seconds: float
    protocol: str


@frozen(kw_only=True)
class Evaluation:
    """All scores, by method and then by level."""

    scores: tuple[Score, ...] = field(converter=tuple)
    protocol: str

    def to_markdown(self) -> str:
        """One row for each method; LPIPS, SSIM and FID at each level, and how far LPIPS rises from first to last."""
        levels = list(dict.fromkeys(score.level for score in self.scores))
        metrics = [attrs.evolve(m, name=f"{level}: {m.name}") for level in levels for m in _METRICS]
        rows: dict[str, dict[str, float | None]] = {}
        for score in self.scores:
            values = zip(_METRICS, (score.lpips, score.ssim, score.fid), strict=True)
            rows.setdefault(score.method, {}).update({f"{score.level}: {m.name}": value for m, value in values})
        if len(levels) > 1:
            metrics.append(Metric(name=_FALL, better="lower"))
            for values in rows.values():
                last, first = values.get(f"{levels[-1]}: LPIPS"), values.get(f"{levels[0]}: LPIPS")
                values[_FALL] = None if last is None or first is None else last - first
        note = f"\n`{_FALL}`: LPIPS {levels[-1]} minus LPIPS {levels[0]}.\n" if len(levels) > 1 else ""
        named = [Row(name=name, values=values) for name, values in rows.items()]
        return Table(metrics=metrics, rows=named).to_markdown() + note + f"\n{self.protocol}\n"

    def to_json(self) -> str:
        """Every digit."""
        tree = {"protocol": self.protocol, "rows": [attrs.asdict(score) for score in self.scores]}
        return json.dumps(tree, indent=2, ensure_ascii=False) + "\n"
