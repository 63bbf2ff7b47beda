"""Painted objects, and settings with which the trainings of UPS take seconds on them: to try the tasks on."""

from __future__ import annotations

from pathlib import Path

from s2pzoo.testing.painted import write_backbone, write_collection
from s2pzoo.train.loop import train

_SMALL = (
    "data.collection=objects", "data.size=32", "data.load=36", "schedule.batch=2",
    "networks.critic.base=2", "networks.critic.widest=4",
)  # fmt: skip


def stage1(folder: Path) -> list[str]:
    """Objects for T."""
    return [*_with_backbone(folder), "data.patch=16", "rules.unpaired_start=0", "rules.unpaired_every=1"]


def stage2(folder: Path) -> list[str]:
    """Objects for C."""
    return _with_backbone(folder)


def joint(folder: Path) -> list[str]:
    """Objects, and one step of both stages to begin with."""
    starts = []
    for stage, settings in (("stage1", stage1(folder)), ("stage2", stage2(folder))):
        out = folder / stage
        train(f"ups/{stage}", folder, out, overrides=[*settings, "schedule.steps=1"], progress=False)
        starts.append(f"networks.start.{stage}={out}")
    return [*_with_backbone(folder), "data.patch=16", *starts]


def _with_backbone(folder: Path) -> list[str]:
    if not (folder / "objects").exists():
        write_collection(folder / "objects")
    return [*_SMALL, f"losses.perceptual.backbone={write_backbone(folder / 'squeezenet.safetensors')}"]
