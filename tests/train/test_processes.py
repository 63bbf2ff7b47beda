"""A training of several processes is that of one with their batches together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from s2pzoo.train.checkpoint import list_checkpoints, load_checkpoint

HELPERS = Path(__file__).resolve().parents[1] / "helpers"
ROOT = HELPERS.parents[1]
TWO = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")


def trained(out: Path, *words: str, launch: tuple[str, ...] = (), world: int = 1) -> str:
    """What a training says on stderr."""
    done = subprocess.run(
        [sys.executable, *launch, str(HELPERS / "plain_task.py"), str(out), str(world), *words],
        capture_output=True, text=True, timeout=120, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, HELPERS))), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stderr


def losses(out: Path) -> list[float]:
    rows = map(json.loads, (out / "metrics.jsonl").read_text().splitlines())
    return [row["losses"]["l2"] for row in rows if "losses" in row]


@pytest.fixture(scope="module")
def by_two(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("two") / "out"
    trained(out, "strategy=ddp", "steps=12", "log_every=1", launch=TWO)
    return out


def test_two_processes_give_what_one_gives(by_two: Path, tmp_path: Path) -> None:
    trained(tmp_path / "out", "steps=12", "log_every=1", world=2)
    mine, theirs = losses(tmp_path / "out"), losses(by_two)
    assert len(mine) == 12 and mine == pytest.approx(theirs, abs=1e-5)
    ours, others = (load_checkpoint(list_checkpoints(out)[-1]).networks for out in (tmp_path / "out", by_two))
    for name, value in ours.items():
        if not name.startswith("critic"):  # whose loss is not a mean of what it is given, but of two such
            torch.testing.assert_close(value, others[name], atol=1e-5, rtol=0)


def test_another_number_of_processes_goes_on_and_says_so(by_two: Path) -> None:
    told = trained(by_two, "steps=20", "log_every=1", "resume")
    assert "Of 2 processes it goes on in 1" in told and len(losses(by_two)) == 20
