"""Commands as processes of their own, and environments with a Python of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

PLUGINS = "acme,blueprint,patches"
"""Those of the tests; others that lie on the path are none of this environment's."""


@frozen
class Environment:
    """A virtual environment that has what s2pzoo requires, and of s2pzoo what is installed there."""

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    def install(self, project: Path, *, editable: bool = False) -> None:
        """Build a wheel of a project and install that alone; or, `editable`, a link to it."""
        how = ["--quiet", "--no-deps", "--no-index", "--force-reinstall"]
        pip = [sys.executable, "-m", "pip", "--python", str(self.python), "install", *how]
        if editable:
            done([*pip, "--no-build-isolation", "-e", str(project)], cwd=self.folder)
            return
        wheels = self.folder / "wheels" / project.name
        done([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels)], cwd=project)
        done([*pip, *map(str, wheels.glob("*.whl"))], cwd=self.folder)

    def run(self, *words: str, cwd: Path, code: int | None = 0, **variables: str) -> str:
        """What a Python of this environment prints."""
        ours = {"S2PZOO_CACHE": str(self.folder / "cache"), "S2PZOO_PLUGINS": PLUGINS, "OMP_NUM_THREADS": "1"}
        return done([str(self.python), *words], cwd=cwd, code=code, **ours, **variables)


def done(command: Sequence[str], *, cwd: Path, code: int | None = 0, **variables: str) -> str:
    """Run a command that must end with this code, or any; its standard output."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("S2PZOO_", "PYTHON"))}
    environment = kept | variables
    ended = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=280, check=False)
    assert code in (None, ended.returncode), f"{command}\n{ended.stdout[-3000:]}\n{ended.stderr[-3000:]}"
    return ended.stdout
