from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torchvision.models import squeezenet1_1


@pytest.fixture(scope="session")
def backbone_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file in the layout of the trained backbone, with random weights."""
    with torch.random.fork_rng(devices=[]):
        torch.random.manual_seed(0)
        weights = squeezenet1_1(weights=None).state_dict()
    path = tmp_path_factory.mktemp("backbone") / "squeezenet.safetensors"
    save_file(weights, path)
    return path


@pytest.fixture
def photos() -> torch.Tensor:
    """(4,3,64,64) in [0,1]"""
    return torch.rand(4, 3, 64, 64, generator=torch.Generator().manual_seed(1))
