"""Painted faces and objects, and settings with which the baselines train on them in seconds: to try the tasks on."""

from __future__ import annotations

from pathlib import Path

from s2pzoo_faces.example import faces

from s2pzoo.testing.painted import write_backbone, write_collection

_SMALL_CRITIC = ("networks.critic.base=4", "networks.critic.widest=8")


def pix2pix(folder: Path) -> list[str]:
    """Painted faces."""
    backbone = write_backbone(folder / "squeezenet.safetensors")
    return [
        *faces(folder), f"losses.perceptual.backbone={backbone}", "rules.critic_start=0.0", *_SMALL_CRITIC,
    ]  # fmt: skip


def cyclegan(folder: Path) -> list[str]:
    """Painted objects."""
    write_collection(folder / "shoes")
    return [
        "data.size=32", "data.load=36", "schedule.batch=2", "rules.pool=3", "networks.generator.base=4",
        "networks.generator.blocks=1", *_SMALL_CRITIC,
    ]  # fmt: skip
