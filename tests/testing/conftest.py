"""A plugin as `s2pzoo new` writes it, and one that is installed and trained in an environment of its own."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from attrs import frozen
from processes import done

ROOT = Path(__file__).resolve().parents[2]


@frozen
class Environment:
    """A virtual environment that has what s2pzoo requires, and of s2pzoo what is installed there."""

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    def install(self, project: Path) -> None:
        """Build a wheel of a project and install that alone."""
        wheels = self.folder / "wheels" / project.name
        done([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels)], cwd=project)
        how = ["--quiet", "--no-deps", "--no-index", "--force-reinstall"]
        pip = [sys.executable, "-m", "pip", "--python", str(self.python), "install", *how]
        done([*pip, *map(str, wheels.glob("*.whl"))], cwd=self.folder)

    def run(self, *words: str, cwd: Path, code: int | None = 0) -> str:
        """What a Python of this environment prints."""
        return done([str(self.python), *words], cwd=cwd, code=code, home=self.folder)


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """With the core, from its wheel, and no plugin."""
    folder = tmp_path_factory.mktemp("environment")
    done([sys.executable, "-m", "venv", "--without-pip", str(folder)], cwd=folder)
    own = Environment(folder)
    (site,) = json.loads(own.run("-c", "import json, site; print(json.dumps(site.getsitepackages()))", cwd=folder))
    here = next(path for path in sys.path if path.endswith("site-packages"))
    (Path(site) / "requirements.pth").write_text(f"{here}\n")
    own.install(ROOT)
    return own


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a plugin `acme` that nobody has touched."""
    folder = tmp_path_factory.mktemp("new") / "acme"
    done([sys.executable, "-m", "s2pzoo", "new", "acme", "--defaults", "--out", str(folder)], cwd=folder.parent)
    return folder
