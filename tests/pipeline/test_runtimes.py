"""The tests of engines.py, in a process of their own: where OpenVINO is loaded, no training runs any more."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from s2pzoo.errors import UsageError
from s2pzoo.train.loop import train

ENGINES = Path(__file__).with_name("engines.py")


@pytest.mark.skipif(not importlib.util.find_spec("openvino"), reason="OpenVINO is not installed: s2pzoo[runtimes]")
def test_engines() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(ENGINES)]
    done = subprocess.run(command, cwd=ENGINES.parents[2], capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0 and " passed" in done.stdout, done.stdout[-5000:]


def test_no_training_begins_where_openvino_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("s2pzoo.train.loop.USED", {"OpenVINO"})
    with pytest.raises(UsageError, match=r"OpenVINO is loaded(?s:.)*process of its own"):
        train("ups/stage1", tmp_path, tmp_path / "run")
