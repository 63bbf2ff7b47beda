"""`s2pzoo verify`: is a bundle whole, does it fit its networks, and does it still give what it gave?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from s2pzoo.cli.describing import vouched
from s2pzoo.cli.output import Answer, megabytes, table
from s2pzoo.host.plugin import load_object
from s2pzoo.host.registry import default_registry
from s2pzoo.pipeline.plan import found, of_bundle
from s2pzoo.weights.manifest import GOLDEN

if TYPE_CHECKING:
    from s2pzoo.spec.model import Model
    from s2pzoo.weights.bundle import Bundle


def verify(
    what: Annotated[str, typer.Argument(metavar="FOLDER|NAME", help="The folder of a bundle, or a model.")],
    tolerance: Annotated[
        float, typer.Option("--tolerance", min=0, help="Largest difference of a golden output that is let pass.")
    ] = 1e-3,
) -> Answer:
    """Check a bundle: sha256 of every file, every tensor of every network, golden outputs."""
    registry = default_registry()
    bundle, declared = found(registry, Path(what) if Path(what).is_dir() else what)
    bundle.verify()
    golden = _golden(bundle, tolerance) if GOLDEN in bundle.manifest.files else _fitted(bundle, declared)
    size = bundle.bytes
    data = {
        "model": bundle.manifest.model,
        "folder": str(bundle.folder),
        "files": len(bundle.manifest.files),
        "bytes": size,
        "golden": golden or None,
        "trust": vouched(bundle),
        "ok": True,
    }

    def show(console: Console) -> None:
        console.print(Text.assemble((bundle.manifest.model, "bold"), f"  {bundle.folder}"), soft_wrap=True)
        console.print(f"{data['files']} files, {megabytes(size)}: sha256 right, every tensor fits")
        console.print(data["trust"], soft_wrap=True)
        if not golden:
            console.print("no golden outputs: a part of a model")
            return
        rows = table("step", "largest difference")
        for step, error in golden.items():
            rows.add_row(Text(step), f"{error:.2g}")
        console.print(rows)

    return Answer(data=data, show=show)


def _golden(bundle: Bundle, tolerance: float) -> dict[str, float]:
    """Step -> largest difference from the golden outputs; loading has checked every tensor."""
    from s2pzoo.pipeline.golden import check_golden
    from s2pzoo.zoo import as_it_is

    return check_golden(as_it_is(bundle.folder), bundle, tolerance=tolerance)


def _fitted(bundle: Bundle, declared: Model | None) -> dict[str, float]:
    """Put the weights into their networks, to check every tensor. There is nothing to compare: no errors."""
    plan = of_bundle(default_registry(), bundle, declared)
    entries = {step.name: (plan.parts[step.name].entry, step.config) for step in plan.model.steps}
    bundle.load_into({name: load_object(entry.network)(config) for name, (entry, config) in entries.items() if entry})
    return {}
