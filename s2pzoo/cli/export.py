"""`s2pzoo export`: a model with its networks for another engine than PyTorch."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from s2pzoo.cli import files
from s2pzoo.cli.arguments import Squeeze
from s2pzoo.cli.models import opened
from s2pzoo.cli.output import Answer, table


def export(
    model: Annotated[str, typer.Argument(metavar="NAME", help="The model, or the folder of a bundle.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="The folder for it.")],
    runtime: Annotated[str, typer.Option("--runtime", help="For which engine: openvino or onnx.")] = "openvino",
    int8: Annotated[bool, typer.Option("--int8", help="In eight bits (OpenVINO), calibrated on drawings.")] = False,
    calibrate: Annotated[
        list[Path] | None,
        typer.Option("--calibrate", metavar="PATH", help="Drawings, or folders of them; photos are compared on them."),
    ] = None,
    backbone: Squeeze = None,
) -> Answer:  # fmt: skip
    """Export a model's networks, and say how far its photos are from PyTorch's.

    The folder is a bundle: `s2pzoo generate -m ./DIR --runtime openvino`.
    What cannot be exported goes on in PyTorch. With --backbone LPIPS is
    measured, too.
    """
    import torch

    from s2pzoo.pipeline import runtimes

    found = files.all_found(calibrate or (), files.DRAWINGS, without=out)
    pipeline = opened(model)
    drawings = [pipeline.read(path).tensor for path in found]
    lpips = None
    if backbone:
        from s2pzoo.evaluate.paired import LpipsSqueeze
        from s2pzoo.nn.squeezenet import load_backbone

        lpips = torch.no_grad()(LpipsSqueeze(backbone=load_backbone(backbone)))
    name = f"{runtime}-int8" if int8 else runtime
    told = runtimes.export(pipeline, out, runtime=name, drawings=drawings, lpips=lpips)

    def show(console: Console) -> None:
        rows = table("step", "runs in")
        for step, how in pipeline.runs.items():
            rows.add_row(step, how)
        console.print(rows)
        off = ", ".join(f"{what} {value}" for what, value in told["photos"].items())
        console.print(f"Photos: {off}.", markup=False, soft_wrap=True)
        console.print(f'{out}: s2pzoo.load("{out}", runtime="{told["runtime"]}")', markup=False, soft_wrap=True)

    return Answer(data={"folder": str(out), "steps": dict(pipeline.runs), **told}, show=show)
