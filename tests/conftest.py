"""Plugins as installed distributions: small ones written for a test, and the tiny one with trained weights."""

from __future__ import annotations

import importlib
import itertools
import json
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
import torch
from processes import Environment, done
from safetensors.torch import save_file
from torchvision.models import squeezenet1_1

import s2pzoo
from s2pzoo.host.registry import default_registry
from s2pzoo.pipeline.run import Pipeline
from s2pzoo.testing.hub import hub  # noqa: F401 - a fixture

FIXTURES = Path(__file__).resolve().parent / "fixtures"

GOOD = """
from typing import ClassVar
from attrs import frozen, make_class
from s2pzoo.spec.model import (
    AdapterEntry, ComponentEntry, DatasetEntry, Declaration, Input, Model, Step, TaskEntry, ToolEntry, Weights,
)
from s2pzoo.host.hooks import hookimpl
from s2pzoo.spec.ports import Port, Ports

S2PZOO_API = 2

def component(name):
    @frozen(kw_only=True)
    class Config:
        component: ClassVar = ComponentEntry(name, kind="generator", network="nowhere:Net")
        width: int = 8
        def ports(self):
            return Ports(takes={"sketch": Port("sketch", size=64)}, gives={"photo": Port("photo", size=64)})
    return Config

def model(name, net, **more):
    return Model(name, steps=[Step("net", component(net)())], size=64, **more)

def declare(**nouns):
    @hookimpl
    def s2pzoo_plugin():
        return Declaration(**nouns)
    globals()["s2pzoo_plugin"] = s2pzoo_plugin
"""

Install = Callable[..., str]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """install(family, source) puts a distribution with one entry point and one module on sys.path.

    `source` follows a preamble of imports and two helpers: component(name) and model(name, component). The module's
    name is returned. The modules leave sys.modules with the test.
    """
    before = set(sys.modules)
    count = itertools.count()

    def put(
        family: str,
        source: str,
        *,
        distribution: str | None = None,
        version: str = "1.2.3",
        value: str | None = None,
        preamble: str = GOOD,
        entry_points: str | None = None,
    ) -> str:
        site = tmp_path / f"site{next(count)}"
        distribution = distribution or f"zz-{family}"
        module = f"zz_{tmp_path.name}_{site.name}_{''.join(c if c.isalnum() else '_' for c in family)}".replace(
            "-", "_"
        )
        info = site / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        (site / f"{module}.py").write_text(preamble + textwrap.dedent(source))
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(entry_points or f"[s2pzoo]\n{family} = {value or module}\n")
        monkeypatch.syspath_prepend(str(site))
        return module

    yield put
    for name in set(sys.modules) - before:
        if name.startswith("zz_"):
            del sys.modules[name]


@pytest.fixture
def good(install: Install) -> Install:
    """good(family) installs a working plugin with one component, one task and models .small (default) and .large."""

    def put(family: str = "acme", **more: str) -> str:
        source = f"""
        declare(
            components=[component("{family}/net")],
            models=[model("{family}.small", "{family}/net", default=True), model("{family}.large", "{family}/net")],
            tasks=[TaskEntry("{family}/train", factory="nowhere:Task")],
            datasets=[DatasetEntry("{family}/pictures", reader="nowhere:read")],
            tools=[ToolEntry("doodle", method="nowhere:doodle", inputs=[Input("sketch", "drawings")])],
            adapters=[AdapterEntry("{family}/gray", kind_from="photo", kind_to="gray", factory="nowhere:Gray",
                                   lossless=False)],
        )
        """
        return install(family, source, **more)

    return put


@pytest.fixture(scope="session")
def tiny_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the installed plugin; its models are known and tiny.small is trained."""
    folder = tmp_path_factory.mktemp("site") / "tiny"
    shutil.copytree(FIXTURES / "tiny", folder, ignore=shutil.ignore_patterns("__pycache__"))
    sys.path.insert(0, str(folder))
    default_registry.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("S2PZOO_CACHE", str(folder.parent / "cache"))
        from trained import trained

        trained(s2pzoo.build("tiny.small")).save(folder / "s2pzoo_tiny/weights/small")
    yield folder
    sys.path.remove(str(folder))
    default_registry.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == "s2pzoo_tiny"]:
        del sys.modules[name]


@pytest.fixture
def tiny_surroundings(tiny_site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("S2PZOO_WEIGHTS", "S2PZOO_PLUGINS", "S2PZOO_DISABLE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("S2PZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("s2pzoo.weights.verify._remembered", {})


@pytest.fixture
def configs(tiny_site: Path) -> ModuleType:
    """The plugin's configs."""
    return importlib.import_module("s2pzoo_tiny.config")


@pytest.fixture
def tiny(tiny_surroundings: None) -> Pipeline:
    """tiny.small, loaded."""
    return s2pzoo.load("tiny")


@pytest.fixture
def bundle(tiny_site: Path, tiny_surroundings: None, tmp_path: Path) -> Path:
    """A copy of tiny.small's bundle, to spoil."""
    return Path(shutil.copytree(tiny_site / "s2pzoo_tiny/weights/small", tmp_path / "bundle"))


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


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """With the core, from its wheel, and no plugin."""
    folder = tmp_path_factory.mktemp("environment")
    done([sys.executable, "-m", "venv", "--without-pip", str(folder)], cwd=folder)
    own = Environment(folder)
    (site,) = json.loads(own.run("-c", "import json, site; print(json.dumps(site.getsitepackages()))", cwd=folder))
    here = next(path for path in sys.path if path.endswith("site-packages"))
    (Path(site) / "requirements.pth").write_text(f"{here}\n")
    own.install(FIXTURES.parents[1])
    return own
