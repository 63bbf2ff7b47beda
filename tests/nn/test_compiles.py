"""Critics and losses compile, each as one graph; plugins' own networks are compiled by their own tests and the kit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from s2pzoo.host.core import core_plugins
from s2pzoo.host.plugin import load_object
from s2pzoo.testing.painted import write_backbone

CORE = {entry.name: entry for plugin in core_plugins().values() for entry in plugin.components.values()}
SMALL: dict[str, dict[str, Any]] = {
    "core/patchgan": {"base": 4, "widest": 8},
    "core/multiscale-patchgan": {"base": 4, "widest": 8},
}
MAPS = {"core/style", "core/feature-matching"}


def same(component: nn.Module, **given: Any) -> bool:
    """Whether it gives, as one compiled graph, what it gives without."""
    plain = component(**given)
    compiled = torch.compile(component, fullgraph=True, backend="eager")(**given)
    return all(torch.equal(one, other) for one, other in zip(flat(plain), flat(compiled), strict=True))


def flat(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    return [one for part in (value.values() if isinstance(value, dict) else value) for one in flat(part)]


@pytest.mark.parametrize("name", [name for name, entry in CORE.items() if entry.kind == "discriminator"])
def test_a_critic_compiles(name: str) -> None:
    critic = load_object(CORE[name].network)(CORE[name].config(**SMALL[name]))
    assert same(critic, picture=torch.rand(2, 3, 96, 96))


@pytest.mark.parametrize("name", [name for name, entry in CORE.items() if entry.kind == "loss"])
def test_a_loss_compiles(name: str, tmp_path: Path) -> None:
    backbone = {"backbone": str(write_backbone(tmp_path / "b.safetensors"))} if name == "core/perceptual" else {}
    loss = load_object(CORE[name].network)(CORE[name].config(**backbone))
    fake, real = torch.rand(2, 3, 64, 64), torch.rand(2, 3, 64, 64)
    pair: dict[str, Any] = {"fake": fake, "real": real}
    if name in MAPS:
        pair = {"fake": [fake], "real": [real]} if name == "core/style" else {"fake": [[fake]], "real": [[real]]}
    assert same(loss, **({"fake": fake} if name == "core/total-variation" else pair))
