"""Real distributions on disk: a folder on sys.path with a package and a .dist-info, found as pip's own would be."""

from __future__ import annotations

import itertools
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

GOOD = """
from attrs import frozen
from s2pzoo.declare import AdapterEntry, ComponentEntry, ModelEntry, Option, Step, TaskEntry, Weights
from s2pzoo.hooks import hookimpl
from s2pzoo.ports import Port, Ports

@frozen(kw_only=True)
class Config:
    width: int = 8
    def ports(self):
        return Ports(takes={"sketch": Port("sketch", size=64)}, gives={"photo": Port("photo", size=64)})

def component(name):
    return ComponentEntry(name, kind="generator", factory="nowhere:Net", config=__name__ + ":Config")

def model(name, component, **more):
    return ModelEntry(name, steps=[Step("net", component, config=Config())], size=64, **more)
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
        @hookimpl
        def s2pzoo_components():
            return [component("{family}/net")]

        @hookimpl
        def s2pzoo_models():
            return [model("{family}.small", "{family}/net", default=True), model("{family}.large", "{family}/net")]

        @hookimpl
        def s2pzoo_tasks():
            return [TaskEntry("{family}/train", factory="nowhere:Task")]

        @hookimpl
        def s2pzoo_adapters():
            return [AdapterEntry("{family}/gray", kind_from="photo", kind_to="gray", factory="nowhere:Gray",
                                 lossless=False)]
        """
        return install(family, source, **more)

    return put
