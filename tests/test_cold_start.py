"""Listing and describing work where torch and numpy cannot be imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BLOCK = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "numpy", "torchvision", "PIL", "scipy"):
            raise ImportError(f"{name} is blocked")
sys.meta_path.insert(0, Block())
"""
ROOT = Path(__file__).parents[1]


def run(code: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    return subprocess.run(
        [sys.executable, "-c", BLOCK + code], capture_output=True, text=True, timeout=60, env=environment, check=False
    )


def test_list_and_describe_without_torch_and_numpy(good) -> None:
    good("acme")
    done = run(
        "import s2pzoo, json\n"
        "print(json.dumps([s2pzoo.list_models(), s2pzoo.describe('acme'), s2pzoo.describe('acme/net')]))"
    )
    assert done.returncode == 0, done.stderr
    names, model, component = json.loads(done.stdout)
    assert {"acme.small", "acme.large"} <= set(names)
    assert model["name"] == "acme.small"
    assert model["default"] is True
    assert model["steps"][0]["takes"] == {"sketch": "sketch (N,1,64,64)"}
    assert model["steps"][0]["config"] == {"width": 8}
    assert component["fields"] == {"width": "8"}


@pytest.mark.parametrize(
    "module",
    [
        "errors",
        "zoo",
        *(f"spec.{name}" for name in ("adapters", "core", "fields", "graph", "model", "names", "ports", "wiring")),
        *(f"host.{name}" for name in ("catalogue", "core", "discovery", "hooks", "plugin", "registry", "settings")),
    ],
)
def test_the_core_imports_without_torch_and_numpy(module: str) -> None:
    done = run(f"import s2pzoo.{module}")
    assert done.returncode == 0, done.stderr


def test_the_facade_lists_what_it_offers() -> None:
    import s2pzoo

    offered = {"load", "build", "compose", "list_models", "describe", "Pipeline", "Result", "__version__"}
    assert offered <= set(dir(s2pzoo))
    with pytest.raises(AttributeError, match="no attribute 'laod'"):
        _ = s2pzoo.laod  # pyright: ignore[reportAttributeAccessIssue]


def test_an_interpreter_lists_models_in_little_time() -> None:
    code = "import time; t = time.perf_counter(); import s2pzoo; s2pzoo.list_models(); print(time.perf_counter() - t)"
    times = [float(run(code).stdout) for _ in range(3)]
    assert min(times) < 1.0  # the aim of 0.3 s is measured in benchmarks/, on a quiet machine
