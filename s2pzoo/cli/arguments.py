"""Arguments that several verbs share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import typer

Model = Annotated[
    str | None,
    typer.Option("-m", "--model", metavar="NAME", help="The model, see `s2pzoo list`; or the folder of a bundle. "
                 "By default the installed one, where just one has weights."),
]  # fmt: skip
Weights = Annotated[  # no Path, which would take one slash out of hf://
    str | None, typer.Option("--weights", metavar="FOLDER", help="The folder of a bundle to take the weights from.")
]
Device = Annotated[str, typer.Option("--device", help="Where to run, as torch names it: cpu, cuda, mps; or auto.")]
Fit = Annotated[
    bool | None,
    typer.Option("--fit/--no-fit", help="Move and scale each drawing so that its ink fills the frame; or take it as it "
                 "lies. By default what it shows is found and brought to its place."),
]  # fmt: skip
Strokes = Annotated[
    str | None,
    typer.Option("--strokes", metavar="FORM", help="What strokes JSON means, where it does not say: points, quickdraw, "
                 "stroke-3, stroke-5, s2pzoo, excalidraw, tldraw."),
]  # fmt: skip
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files that s2pzoo did not write, too.")]
Runtime = Annotated[
    str, typer.Option("--runtime", help="What runs the networks: eager, compile, openvino, onnx; see docs/export.md.")
]
Seed = Annotated[int, typer.Option("--seed", help="For whatever is drawn at random.")]

Knobs = Annotated[
    list[str] | None,
    typer.Option("-O", "--option", metavar="KEY=VALUE", help="An option of the model, see `s2pzoo info`; "
                 "KEY.PART=VALUE for one of many parts. Repeat it for more."),
]  # fmt: skip


def paths_in(knobs: list[str] | None) -> list[Path]:
    """The files among the values of -O."""
    values = (Path(knob.partition("=")[2]) for knob in knobs or ())
    return [path for path in values if path.name and os.path.isfile(path)]


def reading(fit: bool | None, strokes: str | None) -> dict[str, Any]:
    """How drawings are to be read, as `Pipeline.run` takes it."""
    return {"fit": "auto" if fit is None else fit, "strokes": strokes or ""}


METHOD = (
    "LABEL=MODEL@WEIGHTS?option=value&option=value, where all but MODEL may be left out: deepfacedrawing, "
    "Ours=deepfacedrawing?solver=top1&blend.nose=0.4, baselines.pix2pix-faces256@runs/pix2pix."
)
Dataset = Annotated[
    str, typer.Option("--dataset", metavar="PLUGIN/DATASET", help="Which it is; else the first that can read it.")
]
Squeeze = Annotated[
    Path | None, typer.Option("--backbone", metavar="FILE", help="SqueezeNet 1.1 weights; else the standard ones.")
]
Batch = Annotated[int, typer.Option("--batch", min=1, help="Sketches that run together.")]
Metrics = Annotated[
    Path | None,
    typer.Option("--out", metavar="FOLDER", help="For metrics.json and metrics.md; a stopped run goes on there."),
]

Photos = Annotated[Path, typer.Option("--gallery", metavar="DIR", help="The folder of photos to search in.")]
Backbone = Annotated[
    str | None,
    typer.Option("--backbone", metavar="FILE|NAME", help="What compares pictures: a file of SqueezeNet 1.1 weights, or "
                 "a model of timm, such as resnet18. By default torchvision's SqueezeNet."),
]  # fmt: skip
