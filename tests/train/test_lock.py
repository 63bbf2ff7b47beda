"""One training at a time in a folder, and nobody's files are lost there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from s2pzoo.errors import OutputError, TrainingError
from s2pzoo.host.lock import locked
from s2pzoo.train import train

HOLD = """
import sys, time
from pathlib import Path
from s2pzoo.host.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def run(tiny: ModuleType, out: Path, **options: Any) -> None:
    train(
        tiny.RECIPE,
        out.parent,
        out,
        overrides=("accelerator=cpu", "steps=3"),
        task=tiny.Product,
        progress=False,
        **options,
    )


def test_a_second_training_is_refused_and_names_the_first(tiny: ModuleType, tmp_path: Path) -> None:
    held = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert held.stdout and held.stdout.readline() == "held\n"
    try:
        with pytest.raises(TrainingError, match=rf"going on in .*\s.*process {held.pid} on"):
            run(tiny, tmp_path)
    finally:
        held.send_signal(signal.SIGKILL)
        held.wait()
    run(tiny, tmp_path)  # what was killed holds nothing
    assert not (tmp_path / ".training").exists()


def test_other_processes_of_one_training_hold_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with locked(tmp_path):
        monkeypatch.setenv("RANK", "1")
        with locked(tmp_path):
            assert (tmp_path / ".training").read_text().startswith(f"process {os.getpid()}")


@pytest.mark.parametrize("name", ["README.md", "manifest.json", "metrics.jsonl", "samples/latest.png"])
def test_a_folder_with_files_of_others_is_refused(name: str, tiny: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "out" / name
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    with pytest.raises((OutputError, TrainingError)):
        run(tiny, tmp_path / "out")
    assert path.read_text() == "mine"
    run(tiny, tmp_path / "out", overwrite=True)


def test_resuming_where_no_marker_was_left_yet(tiny: ModuleType, tmp_path: Path) -> None:
    run(tiny, tmp_path / "out")
    (tmp_path / "out/.s2pzoo").unlink()
    run(tiny, tmp_path / "out", resume=True)
