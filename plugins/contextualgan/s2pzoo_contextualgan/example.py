"""Painted faces, and settings with which Contextual GAN trains on them in seconds: to try the task on."""

from __future__ import annotations

from pathlib import Path

from s2pzoo_faces.example import faces

from s2pzoo.testing.painted import write_backbone


def joint(folder: Path) -> list[str]:
    """Painted faces."""
    return [*faces(folder), f"losses.perceptual.backbone={write_backbone(folder / 'squeezenet.safetensors')}"]


def initialiser(folder: Path) -> list[str]:
    """Painted faces, and a small encoder in place of the model's own."""
    return [*faces(folder), "networks.encoder=contextualgan/encoder"]
