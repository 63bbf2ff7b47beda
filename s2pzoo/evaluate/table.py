"""Tables of metrics, as Markdown for people and JSON for programs. Torch-free."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Protocol

from attrs import field, frozen

from s2pzoo.imaging.write import write_bytes


@frozen(kw_only=True)
class Metric:
    """A column. `better` puts the arrow in its header and the best value in bold."""

    name: str
    better: Literal["lower", "higher", ""] = ""
    digits: int = 3

    @property
    def header(self) -> str:
        arrow = {"lower": " ↓", "higher": " ↑", "": ""}[self.better]
        return self.name + arrow


@frozen(kw_only=True)
class Row:
    """One method; a metric it does not have shows as a dash. One that is not `ranked` is never the best."""

    name: str
    values: Mapping[str, float | None]
    ranked: bool = True


@frozen(kw_only=True)
class Table:
    """Rows of metrics with the protocol that makes them mean something (data, n, backbone, size)."""

    metrics: tuple[Metric, ...] = field(converter=tuple)
    rows: tuple[Row, ...] = field(converter=tuple)
    title: str = ""
    protocol: Mapping[str, Any] = field(factory=dict)

    def to_markdown(self) -> str:
        """A GitHub table: title, rows (best of each column in bold, ties too), protocol."""
        lines = [
            f"| method | {' | '.join(metric.header for metric in self.metrics)} |",
            f"|---|{'---:|' * len(self.metrics)}",
        ]
        best = {metric.name: self._best(metric) for metric in self.metrics}
        for row in self.rows:
            rank = best if row.ranked else {}
            cells = [_cell(row.values.get(metric.name), metric, rank.get(metric.name)) for metric in self.metrics]
            name = row.name.replace("|", "\\|")
            lines.append(f"| {name} | {' | '.join(cells)} |")
        head = [f"**{self.title}**", ""] if self.title else []
        tail = ["", "; ".join(f"{key}: {value}" for key, value in self.protocol.items())] if self.protocol else []
        return "\n".join([*head, *lines, *tail]) + "\n"

    def to_json(self) -> str:
        """Every digit; a value that is missing or not finite is null."""
        rows = [
            {"name": row.name, **{metric.name: _finite(row.values.get(metric.name)) for metric in self.metrics}}
            for row in self.rows
        ]
        columns = [{"name": metric.name, "better": metric.better} for metric in self.metrics]
        tree = {"title": self.title, "protocol": dict(self.protocol), "metrics": columns, "rows": rows}
        return json.dumps(tree, indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    def _best(self, metric: Metric) -> str | None:
        ranked = [row for row in self.rows if row.ranked]
        values = [value for row in ranked if (value := _finite(row.values.get(metric.name))) is not None]
        if not metric.better or len(values) < 2:
            return None
        return _format(min(values) if metric.better == "lower" else max(values), metric)


class Tables(Protocol):
    """Something that can be told both ways."""

    def to_markdown(self) -> str: ...

    def to_json(self) -> str: ...


def write_tables(tables: Tables, folder: Path) -> None:
    """Write metrics.json and metrics.md. The folder is made if missing.

    Raises:
        OutputError: they cannot be written there.
    """
    write_bytes(tables.to_json().encode(), folder / "metrics.json")
    write_bytes(tables.to_markdown().encode(), folder / "metrics.md")


def _cell(value: float | None, metric: Metric, best: str | None) -> str:
    value = _finite(value)
    if value is None:
        return "–"
    text = _format(value, metric)
    return f"**{text}**" if text == best else text


def _format(value: float, metric: Metric) -> str:
    return f"{value:.{metric.digits}f}"


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
