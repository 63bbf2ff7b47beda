"""What a training leaves in its folder: the bundle and the sheets of samples, each whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image
from torch import nn

from s2pzoo.errors import TrainingError
from s2pzoo.imaging.write import write_image
from s2pzoo.train.checkpoint import FOLDER
from s2pzoo.train.report import METRICS
from s2pzoo.train.task import Task

SAMPLES = "samples"
_OURS = (FOLDER, SAMPLES, "tensorboard", METRICS)


def write_sheet(sheet: Image.Image, out: Path, *, step: int) -> None:
    """The sheet of a step, and the same as the latest."""
    for name in (f"{step:06d}.png", "latest.png"):
        write_image(sheet, out / SAMPLES / name)


def write_result(task: Task, networks: Mapping[str, nn.Module], out: Path, metadata: Mapping[str, Any]) -> None:
    """The bundle is made in a folder of its own, then its files are moved into `out`, the manifest last."""
    making = out / ".bundle"
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir()
    try:
        task.bundle(networks, making, metadata)
        if taken := [path.name for path in making.iterdir() if path.name in _OURS]:
            raise TrainingError(f"The bundle has a part named {taken[0]!r}, which is the training's own.")
        (out / "manifest.json").unlink(missing_ok=True)
        for path in sorted(making.iterdir(), key=lambda path: path.name == "manifest.json"):
            target = out / path.name
            if target.is_dir():
                shutil.rmtree(target)
            path.replace(target)
    finally:
        shutil.rmtree(making, ignore_errors=True)
