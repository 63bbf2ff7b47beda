"""Scores of an evaluation on an unpaired collection, as a table for people and JSON for programs. Torch-free."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from attrs import field, frozen

from s2pzoo.errors import UsageError
from s2pzoo.evaluate.methods import PHOTOS
from s2pzoo.evaluate.table import Metric, Row, Table
from s2pzoo.spec.names import hint


@frozen(kw_only=True)
class UnpairedScore:
    """One method. What it has not is None.

    Attributes:
        n: photos that were made.
        photos: that they were compared with.
        fid, kid: FID-squeeze and unit KID-squeeze.
        gray_fid: FID-squeeze of the gray stage to the gray photos.
        diversity: mean pairwise LPIPS-squeeze between the photos of one sketch in the colours of several references.
        seconds: for one photo, its making alone.
    """

    method: str
    model: str
    weights: Mapping[str, str]
    options: Mapping[str, Any]
    size: int
    n: int
    photos: int
    fid: float | None
    kid: float | None
    gray_fid: float | None
    diversity: float | None
    seconds: float | None


def check_label(label: str, labels: Sequence[str]) -> str:
    """`label`, if it is one of `labels`.

    Raises:
        UsageError: it is not.
    """
    if label not in labels:
        raise UsageError(
            f"No method is called {label!r}.", why=f"There are: {', '.join(labels)}.", fix=hint(label, labels)
        )
    return label


@frozen(kw_only=True)
class UnpairedEvaluation:
    """All scores, and the label of the method by whose FID the others' are divided."""

    scores: tuple[UnpairedScore, ...] = field(converter=tuple)
    against: str
    protocol: str

    def ratio(self, score: UnpairedScore) -> float | None:
        """The FID as a multiple of that of `against`; None where one has none, or where that is 0."""
        base = next(one.fid for one in self.scores if one.method == self.against)
        return score.fid / base if score.fid is not None and base else None

    def to_markdown(self) -> str:
        """One row for each method. The floor says so, and is never the best."""
        ratio = f"FID / {self.against}"
        metrics = (
            Metric(name="FID", better="lower", digits=1),
            Metric(name=ratio, better="lower", digits=2),
            Metric(name="unit KID", better="lower"),
            Metric(name="gray FID", better="lower", digits=1),
            Metric(name="diversity", better="higher"),
            Metric(name="s / photo", better="lower"),
            Metric(name="n", digits=0),
            Metric(name="photos", digits=0),
        )
        rows = []
        for one in self.scores:
            cells = (one.fid, self.ratio(one), one.kid, one.gray_fid, one.diversity, one.seconds, one.n, one.photos)
            values = {metric.name: cell for metric, cell in zip(metrics, cells, strict=True)}
            floor = one.model == PHOTOS
            rows.append(Row(name=f"{one.method} (the floor)" if floor else one.method, values=values, ranked=not floor))
        return Table(metrics=metrics, rows=rows).to_markdown() + f"\n{self.protocol}\n"

    def to_json(self) -> str:
        """Every digit."""
        rows = [attrs.asdict(score) | {"ratio": self.ratio(score)} for score in self.scores]
        tree = {"protocol": self.protocol, "against": self.against, "rows": rows}
        return json.dumps(tree, indent=2, ensure_ascii=False) + "\n"
