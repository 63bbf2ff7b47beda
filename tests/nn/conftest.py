"""Surroundings of the tests of networks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    """The same random weights whatever ran before: of some, every ReLU is dead, and nothing is left to tell apart."""
    with torch.random.fork_rng(devices=[]):
        torch.random.manual_seed(0)
        yield
