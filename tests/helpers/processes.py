"""Commands as processes of their own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path


def done(command: Sequence[str], *, cwd: Path, code: int | None = 0, home: Path | None = None) -> str:
    """Run a command that must end with this code; its standard output."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("S2PZOO_", "PYTHON"))}
    more = {"S2PZOO_CACHE": str(home / "cache"), "S2PZOO_PLUGINS": "acme", "OMP_NUM_THREADS": "1"} if home else {}
    ended = subprocess.run(command, cwd=cwd, env=kept | more, capture_output=True, text=True, timeout=280, check=False)
    assert code in (None, ended.returncode), f"{command}\n{ended.stdout[-3000:]}\n{ended.stderr[-3000:]}"
    return ended.stdout
