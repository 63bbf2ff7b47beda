"""The model card, README.md of a bundle, written from its manifest. Torch-free."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from s2pzoo.weights.manifest import CARD, GOLDEN, WEIGHTS, Manifest, StepRecord

_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif")


def render_card(manifest: Manifest) -> str:
    """The card in Markdown: the Hub's YAML, pictures, use, metrics, training, differences, limits, licences, files."""
    sections = [
        f"---\n{_front_matter(manifest)}\n---",
        f"# {manifest.model}",
        manifest.summary,
        *(f"![{name}]({name})" for name in manifest.files if name.lower().endswith(_PICTURES)),
        f'```python\nimport s2pzoo\n\nphoto = s2pzoo.load("{manifest.model}")("sketch.png")\n```',
        f"Paper: {manifest.paper}" if manifest.paper else "",
        _section("Metrics", _tables(manifest.metrics)),
        _section("Training", _facts(manifest.training)),
        _section("Differences from the paper", _list(manifest.differences)),
        _section("Limits", _list(manifest.limits)),
        _section("Licences", _facts({"code": manifest.licence.code, "weights": manifest.licence.weights,
                                     "data": manifest.licence.data})),
        _section("Steps", _table(map(_step, manifest.steps))),
        _section("Files", _files(manifest)),
        _section("Made with", _facts(manifest.created_with)),
    ]  # fmt: skip
    return "\n\n".join(section for section in sections if section) + "\n"


def _step(step: StepRecord) -> dict[str, str]:
    part = {"weights of": step.weights} if step.weights else {}
    return {"step": step.name, "component": step.component, **part}


def _front_matter(manifest: Manifest) -> str:
    """The YAML that the Hub sorts and shows models by. Of the metrics, only those of this model itself."""
    from huggingface_hub import EvalResult, ModelCardData

    said = manifest.licence.weights or manifest.licence.code
    known = said.split(" ")[0].rstrip(":;,").lower()
    free = known in _LICENCES
    own = own_metrics(manifest)
    results = [
        EvalResult(
            task_type=_TASK,
            dataset_type=_slug(_measured_on(row)),
            dataset_name=_measured_on(row),
            metric_type=_slug(name),
            metric_name=name,
            metric_value=round(value, 6),
        )
        for row in own
        for name, value in row.items()
        if isinstance(value, float) and " / " not in name  # a ratio to another's
    ]
    card = ModelCardData(
        library_name="s2pzoo",
        pipeline_tag=_TASK,
        tags=["sketch-to-photo", "sketch", manifest.model.partition(".")[0]],
        license=known if free else "other",
        license_name=None if free else _slug(said) or "not-stated",
        datasets=manifest.training.get("datasets"),
        base_model=manifest.training.get("base_model"),
        model_name=manifest.model,
        eval_results=results or None,
    )
    return card.to_yaml().strip()


def own_metrics(manifest: Manifest) -> list[Mapping[str, Any]]:
    """Of the rows of its metrics, those of this model itself."""
    return [row for row in manifest.metrics if row.get("method", manifest.model) == manifest.model]


_TASK = "image-to-image"
_LICENCES = {
    "apache-2.0", "mit", "bsd-3-clause", "cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0",
}  # fmt: skip
"""As the Hub calls them: SPDX's names in lower case."""


def _measured_on(row: Mapping[str, Any]) -> str:
    words = [value for name, value in row.items() if isinstance(value, str) and name not in ("method", "name")]
    return ", ".join(words) or "not stated"


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-")


def _section(title: str, body: str) -> str:
    return f"## {title}\n\n{body}" if body else ""


def _list(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _facts(facts: Mapping[str, Any], *, indent: str = "") -> str:
    """A bullet for each fact, a list below it for a table of facts; empty ones are left out."""
    lines = []
    for key, value in facts.items():
        if isinstance(value, Mapping):
            below = _facts(value, indent=indent + "  ")
            lines += [f"{indent}- {key}:", below] if below else []
        elif value not in ("", None, []):
            lines.append(f"{indent}- {key}: {_text(value)}")
    return "\n".join(lines)


def _tables(rows: Iterable[Mapping[str, Any]]) -> str:
    """A table for each set of columns."""
    alike: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        alike.setdefault(tuple(row), []).append(row)
    return "\n\n".join(map(_table, alike.values()))


def _table(rows: Iterable[Mapping[str, Any]]) -> str:
    rows = list(rows)
    columns = list(dict.fromkeys(key for row in rows for key in row))
    if not rows:
        return ""
    return markdown_table(columns, ([_text(row.get(column, "")) for column in columns] for row in rows))


def markdown_table(columns: list[str], rows: Iterable[list[str]]) -> str:
    """Rows of cells as a GitHub table, each cell on one line."""
    lines = ([" ".join(cell.split()).replace("|", r"\|") for cell in row] for row in [columns, *rows])
    head, *rest = (f"| {' | '.join(line)} |" for line in lines)
    return "\n".join([head, f"| {' | '.join(['---'] * len(columns))} |", *rest])


def _files(manifest: Manifest) -> str:
    about = {
        WEIGHTS: f"the weights, floats stored as {manifest.dtype}",
        GOLDEN: "a fixed input and what each step made of it",
    }
    rows = [
        {"file": name, "bytes": f"{file.size:,}", "sha256": file.sha256, "what": about.get(name, "")}
        for name, file in manifest.files.items()
        if name != CARD
    ]
    return _table(rows)


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        value = f"{value:.4g}"
    elif not isinstance(value, str):
        value = json.dumps(value, ensure_ascii=False, default=str)
    return value
