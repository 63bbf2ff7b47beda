"""Painted faces, and settings with which DeepFaceDrawing trains on them in seconds: to try the tasks on."""

from __future__ import annotations

from pathlib import Path

from s2pzoo_faces.example import FACES, faces

from s2pzoo.testing.painted import write_backbone
from s2pzoo.train.loop import train


def stage1(folder: Path) -> list[str]:
    """Painted faces."""
    return faces(folder)


def windows(folder: Path) -> list[str]:
    """The same, with a few drawings made of them."""
    return [*faces(folder), "data.drawings=4"]


def stage2(folder: Path) -> list[str]:
    """Painted faces, and one step of stage I to begin with."""
    settings, out = faces(folder), folder / "stage1"
    train("deepfacedrawing/stage1", folder, out, overrides=[*settings, "schedule.steps=1"], progress=False)
    return [
        *FACES, f"networks.embedding.bundle={out}", "networks.embedding.samples=8", "rules.critic_start=0.0",
        "networks.critic.base=4", "networks.critic.widest=8",
        f"losses.perceptual.backbone={write_backbone(folder / 'squeezenet.safetensors')}",
    ]  # fmt: skip
