"""The doodle plugin as an installed distribution, with weights in its package, and command lines run on it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from PIL import Image, ImageDraw

import s2pzoo
from s2pzoo.cli.app import run
from s2pzoo.host.registry import default_registry

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"
ROOT = Path(__file__).resolve().parents[2]


@frozen(kw_only=True)
class Done:
    """How a command line ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What was printed, which must be JSON and nothing else."""
        return json.loads(self.out)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the installed plugin."""
    folder = tmp_path_factory.mktemp("site") / "doodle"
    shutil.copytree(FIXTURES / "doodle", folder, ignore=shutil.ignore_patterns("__pycache__"))
    sys.path.insert(0, str(folder))
    default_registry.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("S2PZOO_CACHE", str(folder.parent / "cache"))
        s2pzoo.build("doodle.small").save(folder / "s2pzoo_doodle/weights/small")
    yield folder
    sys.path.remove(str(folder))
    default_registry.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == "s2pzoo_doodle"]:
        del sys.modules[name]


@pytest.fixture(autouse=True)
def _surroundings(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("S2PZOO_WEIGHTS", "S2PZOO_DISABLE", "HF_HUB_OFFLINE", "S2PZOO_TRACEBACK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("S2PZOO_PLUGINS", "doodle")  # whatever else is installed
    monkeypatch.setenv("S2PZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """cli("generate", path, ...) runs one command line in this process."""

    def call(*arguments: Any) -> Done:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Done(code=code, out=out, err=err)

    return call


@pytest.fixture
def program(site: Path) -> Callable[..., Done]:
    """program("list", path=[...], before="...") runs one in a process of its own.

    Args:
        path: more folders that plugins are installed in.
        before: Python to run first.
    """

    def call(*arguments: Any, path: tuple[Path, ...] = (), before: str = "", **environment: str) -> Done:
        code = f"{before}\nimport sys\nfrom s2pzoo.cli import main\nsys.exit(main())"
        folders = os.pathsep.join(map(str, [ROOT, site, *path, *filter(None, sys.path)]))
        done = subprocess.run(
            [sys.executable, "-c", code, *map(str, arguments)],
            capture_output=True, text=True, timeout=120, check=False,
            env=os.environ | {"PYTHONPATH": folders} | environment,
        )  # fmt: skip
        return Done(code=done.returncode, out=done.stdout, err=done.stderr)

    return call


@pytest.fixture
def drawing(tmp_path: Path) -> Callable[..., Path]:
    """drawing("a.png") draws something there; every name another thing."""

    def draw(name: str, *, inverted: bool = False) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        at = 8 + sum(name.encode()) % 32
        if path.suffix == ".svg":
            line = f'<path d="M8 {at} L56 40" stroke="black" stroke-width="3" fill="none"/>'
            path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">{line}</svg>')
        elif path.suffix == ".json":
            path.write_text(json.dumps({"canvas": [64, 64], "strokes": [{"points": [[8, at], [56, 40]]}]}))
        else:
            picture = Image.new("L", (64, 64), 0 if inverted else 255)
            ImageDraw.Draw(picture).ellipse((at - 4, 16, 56, 56), outline=255 if inverted else 0, width=3)
            picture.save(path)
        return path

    return draw
