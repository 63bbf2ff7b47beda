"""Random chains of real parts: `check` accepts exactly those that run from the input to the output."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import event, given, settings
from hypothesis import strategies as st
from torch import Tensor

from s2pzoo.host.plugin import load_object
from s2pzoo.pipeline.run import Pipeline
from s2pzoo.spec.adapters import ADAPTERS, ResizeConfig, adapter_config, as_component
from s2pzoo.spec.graph import misfits
from s2pzoo.spec.model import Model, Step

NETWORKS = {entry.name: as_component(entry).network for entry in ADAPTERS}
PARTS = [
    ("s2pzoo/gray-from-sketch", {"size": 8}), ("s2pzoo/photo-from-gray", {}), ("s2pzoo/photo-from-sketch", {}),
    ("s2pzoo/gray-from-photo", {"size": 8}), ("resize", {"kind": "gray", "size": 4}),
    ("resize", {"kind": "sketch", "size": 8}), ("resize", {"kind": "photo", "size": 8}),
]  # fmt: skip
VALUES = ("sketch", "a", "b", "photo")


def step(index: int, part: int, reads: str, writes: str, side: bool) -> Step:
    name, given_ = PARTS[part]
    if name == "resize":
        config, component = ResizeConfig(**given_), "s2pzoo/resize"
    else:
        config, component = adapter_config(next(one for one in ADAPTERS if one.name == name), **given_), name
    ports = config.ports()
    (takes,), (gives,) = ports.takes, ports.gives
    return Step(f"s{index}", config, component=component, reads={takes: reads}, writes={gives: writes}, side=side)


@st.composite
def chains(draw: st.DrawFn) -> list[tuple[int, str, str, bool]]:
    """Steps, most of which read what the one before wrote."""
    before, kind, written, chain = "sketch", "sketch", {"sketch"}, []
    for _ in range(draw(st.integers(1, 4))):
        fit = [n for n, (name, config) in enumerate(PARTS) if config.get("kind", name.rpartition("-")[2]) == kind]
        part = draw(st.sampled_from([*fit, *fit, *fit, *range(len(PARTS))]))
        free = [value for value in VALUES[1:] if value not in written]
        writes = draw(st.sampled_from([*free, *free, *VALUES[1:]]))
        reads = draw(st.sampled_from((before, before, before, before, *VALUES)))
        chain.append((part, reads, writes, draw(st.integers(0, 4)) == 0))
        name, config = PARTS[part]
        before, kind = writes, config.get("kind", name.partition("/")[2].partition("-")[0])
        written.add(writes)
    return chain


def network(one: Step) -> Any:
    return load_object(NETWORKS.get(one.component, "s2pzoo.nn.adapters:Resize"))(one.config)


def runs(model: Model) -> bool:
    """Whether the steps run one after the other as they stand, judged by the tensors alone and their names."""
    kinds, have = {"sketch": "sketch"}, {"sketch": torch.rand(1, 1, 8, 8)}
    read: set[str] = set()
    for one in model.steps:
        (takes,), (gives,) = one.takes.values(), one.gives.values()
        (source,), (target,) = one.inputs.values(), one.outputs.values()
        if source not in have or target in have or kinds[source] != takes.kind:
            return False
        if takes.size and have[source].shape[-1] != takes.size:
            return False
        made = network(one)(**{next(iter(one.takes)): have[source]})
        assert isinstance(made, Tensor)
        have[target], kinds[target] = made, gives.kind
        read.add(source)
    used = read | {model.output}
    idle = any(not one.side and next(iter(one.outputs.values())) not in used for one in model.steps)
    return "sketch" in read and model.output in have and not idle


@settings(max_examples=300, deadline=None)
@given(chains())
def test_check_accepts_exactly_the_chains_that_run(drawn: list[tuple[int, str, str, bool]]) -> None:
    made = tuple(step(index, *one) for index, one in enumerate(drawn))
    written = {value for one in made for value in one.outputs.values()}
    model = Model("acme.chain", steps=made, size=8, output=sorted(written)[-1])
    found = misfits(model)
    event("fits" if not found else "does not")
    assert (not found) == runs(model), found
    if not found:
        networks = {
            one.name: load_object(NETWORKS.get(one.component, "s2pzoo.nn.adapters:Resize"))(one.config) for one in made
        }
        given_ = {"sketch": torch.rand(2, 1, 8, 8)}
        out = Pipeline(model=model, components=networks).execute(given_, [model.output])[model.output]
        port = model.values[model.output]
        assert out.shape[1] == (3 if port.kind == "photo" else 1)
        assert torch.isfinite(out).all() and (not port.size or out.shape[-1] == port.size)
