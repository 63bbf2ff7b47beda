"""What holds for every first-party plugin: the conformance kit, as for anybody's, and that the catalogue knows it."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import s2pzoo
from s2pzoo.host.catalogue import default_catalogue
from s2pzoo.host.registry import default_registry
from s2pzoo.pipeline.golden import golden_input
from s2pzoo.testing import plugin_suite

FAMILIES = sorted(path.parent.name for path in Path(__file__).parent.glob("*/pyproject.toml"))
DECLARED = {family: importlib.import_module(f"s2pzoo_{family}.plugin").s2pzoo_plugin() for family in FAMILIES}

test_baselines = plugin_suite("baselines")
test_contextualgan = plugin_suite("contextualgan", steps=3, inits=2)
test_deepfacedrawing = plugin_suite("deepfacedrawing")
test_encoders = plugin_suite("encoders")
test_faces = plugin_suite("faces")
test_hybrids = plugin_suite("hybrids")
test_simplify = plugin_suite("simplify")
test_ups = plugin_suite("ups")


def test_each_has_its_suite() -> None:
    assert all(f"test_{family}" in globals() for family in FAMILIES)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_catalogue_knows_its_tools(family: str) -> None:
    told = {tool.name: tool.summary for tool in DECLARED[family].tools}
    assert default_catalogue().plugins[family].tools == told


def test_the_registry_finds_what_is_declared() -> None:
    registry = default_registry()
    for declared in DECLARED.values():
        for noun, find in (
            (declared.components, registry.component), (declared.models, registry.model),
            (declared.tasks, registry.task), (declared.datasets, registry.dataset),
        ):  # fmt: skip
            for entry in noun:
                assert find(entry.name) == entry


@pytest.mark.parametrize("name", sorted(default_catalogue().bundles))
def test_every_bundle_gives_the_same_when_torch_compiles_it(name: str) -> None:
    pipeline = s2pzoo.load(name)
    given = golden_input(pipeline.model.input_port)
    assert given is not None
    torch.compiler.reset()
    plain = pipeline.execute({pipeline.model.input: given}, [pipeline.model.output])[pipeline.model.output]
    pipeline.compile(backend="eager")
    compiled = pipeline.execute({pipeline.model.input: given}, [pipeline.model.output])[pipeline.model.output]
    assert torch.allclose(plain, compiled, atol=1e-4)


def test_no_bundle_needs_the_network(tmp_path: Path) -> None:
    code = """if True:
    import socket
    def refuse(*args, **kwargs): raise AssertionError("network")
    socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
    import sys, s2pzoo
    from s2pzoo.pipeline.golden import golden_input
    for name in sys.argv[1:]:
        pipeline = s2pzoo.load(name)
        pipeline.execute({pipeline.model.input: golden_input(pipeline.model.input_port)}, [pipeline.model.output])
    print("ok")
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "TORCH_HOME"))}
    homes = {
        "HF_HOME": str(tmp_path / "hf"),
        "TORCH_HOME": str(tmp_path / "torch"),
        "S2PZOO_CACHE": str(tmp_path / "c"),
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *default_catalogue().bundles], env=kept | homes,
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.stdout.strip() == "ok", done.stderr[-2000:]
