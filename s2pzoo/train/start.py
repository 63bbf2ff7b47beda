"""Trainings that go on from the networks of an earlier one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from s2pzoo.nn.encoding import begin_pretrained
from s2pzoo.weights.bundle import read_bundle

_TOLD = ("step", "images", "seconds", "start")


def begin(networks: Mapping[str, nn.Module], folder: str) -> None:
    """Give the networks, by the names of their steps, the weights of a bundle; without one leave them as they are, but
    for encoders in them that have published weights to begin with."""
    if folder:
        read_bundle(Path(folder)).load_into(networks)
    else:
        begin_pretrained(*networks.values())


def begun(folders: Mapping[str, str]) -> dict[str, Any]:
    """How long the networks in bundles were trained, and what those began from: name -> facts, where there is one."""
    trainings = {name: read_bundle(Path(folder)).manifest.training for name, folder in folders.items() if folder}
    return {name: {key: facts[key] for key in _TOLD if key in facts} for name, facts in trainings.items()}
