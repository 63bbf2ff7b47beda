"""Very many drawings: `s2pzoo batch` killed three times, an audit of what it left, and its speed against a plain loop.

    python benchmarks/many.py [--model MODEL] [--count 100000] [--workers N]

Without a model it is the small one of the tests, so that what is measured is all that stands around a network.
Drawings are bent lines, some six of them, one drawing a line of NDJSON. The batch is killed (SIGKILL, with
all its processes) at three random points and started again. Then each drawing must have one photo, made of it: the
names are counted, and a sample is compared with what `Pipeline.run` makes. Speed is told as drawings a second of a
worker's own time against a loop over the same drawings in one process, half of it before and half after.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from measure import resident
from PIL import Image

import s2pzoo

DOODLE = Path(__file__).parents[1] / "tests/fixtures/doodle"


def lines(count: int) -> Iterator[str]:
    """QuickDraw's form: [xs, ys] a stroke, 0 to 255."""
    rng = np.random.default_rng(0)
    for index in range(count):
        starts = rng.uniform(40, 215, (rng.integers(4, 9), 1, 2))
        strokes = (starts + rng.normal(0, 12, (len(starts), 12, 2)).cumsum(1)).clip(0, 255).round().astype(int)
        yield json.dumps({"drawing": [one.T.tolist() for one in strokes], "key_id": str(index)})


def small_model(folder: Path) -> str:
    """The model of the tests, as a bundle; workers find its plugin, too."""
    sys.path.insert(0, str(DOODLE))
    os.environ["PYTHONPATH"] = os.pathsep.join([str(DOODLE), *filter(None, [os.environ.get("PYTHONPATH")])])
    os.environ["S2PZOO_PLUGINS"] = "doodle"
    s2pzoo.build("doodle.small").save(folder / "doodle")
    return str(folder / "doodle")


def plain_loop(model: str, some: list[str], folder: Path) -> float:
    """Drawings a second of a loop in this process."""
    pipeline = s2pzoo.load(model)
    for line in some[:3]:
        pipeline.run(json.loads(line))
    began = time.perf_counter()
    for number, line in enumerate(some):
        pipeline.run(json.loads(line)).save(folder / f"{number}.png")
    return len(some) / (time.perf_counter() - began)


class Memory:
    """The largest resident set of a process and what it started, in MB, over time."""

    def __init__(self, pid: int) -> None:
        self.pid, self.seen = pid, []
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        while True:
            pids = subprocess.run(
                ["pgrep", "-g", str(self.pid)], capture_output=True, text=True, check=False
            ).stdout.split()
            sizes = [resident(pid) for pid in pids]
            if sizes:
                self.seen.append(max(sizes))
            time.sleep(2)


def batch(model: str, source: Path, out: Path, workers: int) -> subprocess.Popen[bytes]:
    command = ["batch", str(source), "-m", model, "-o", str(out), "--workers", str(workers), "--json"]
    return subprocess.Popen(
        [sys.executable, "-m", "s2pzoo", *command], start_new_session=True, stdout=subprocess.PIPE,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )  # fmt: skip


def done(out: Path) -> int:
    journal = out / ".batch/done.jsonl"
    if not journal.exists():
        return 0
    return sum(json.loads(line)["record"]["made"] for line in journal.read_text().splitlines() if line.endswith("}}"))


def audit(model: str, source: Path, out: Path, count: int) -> dict[str, Any]:
    """What is there against what was asked for."""
    names = Counter(path.stem for path in out.rglob("*.png"))
    wanted = {f"{number:07d}" for number in range(1, count + 1)}
    pipeline, rng = s2pzoo.load(model), random.Random(0)
    some = sorted(rng.sample(range(count), min(200, count)))
    with source.open() as file:
        drawn = {number: line for number, line in enumerate(file) if number in set(some)}
    worst = 0
    for number, line in drawn.items():
        made = np.asarray(Image.open(out / source.stem / f"{number + 1:07d}.png"), int)
        worst = max(worst, np.abs(made - np.asarray(pipeline(json.loads(line)), int)).max())
    return {
        "drawings": count, "photos": sum(names.values()), "missing": len(wanted - names.keys()),
        "twice": sum(times > 1 for times in names.values()), "not asked for": len(names.keys() - wanted),
        "half-written": len(list(out.rglob("*.part"))), "compared": len(drawn), "largest difference of 255": int(worst),
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "drawings.ndjson", Path(folder) / "out"
        model = asked.model or small_model(Path(folder))
        with source.open("w") as file:
            file.writelines(f"{line}\n" for line in lines(asked.count))
        some = list(lines(min(1000, asked.count)))
        (Path(folder) / "loop").mkdir()
        loop = [plain_loop(model, some[: len(some) // 2], Path(folder) / "loop")]
        for stop in sorted(random.Random(1).sample(range(asked.count // 20, asked.count * 9 // 10), 3)):
            running = batch(model, source, out, asked.workers)
            while running.poll() is None and done(out) < stop:
                time.sleep(0.2)
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
            print(f"killed after {done(out)}", file=sys.stderr, flush=True)
        running = batch(model, source, out, asked.workers)
        memory = Memory(running.pid)
        told = json.loads(running.communicate()[0])
        loop.append(plain_loop(model, some[len(some) // 2 :], Path(folder) / "loop"))
        found = audit(model, source, out, asked.count)
        seen = memory.seen
        each, by_loop = told["made"] / told["seconds"], sum(loop) / 2
        quarter = max(1, len(seen) // 4)
        report = {
            **found, "made": told["made"], "made in the last sitting": told["made"] - told["earlier"],
            "drawings a second of a worker": round(each, 1), "of a plain loop": round(by_loop, 1),
            "share": round(each / by_loop, 3),
            "MB of a process, first and last quarter": [round(max(seen[:quarter])), round(max(seen[-quarter:]))],
        }  # fmt: skip
        print(json.dumps(report, indent=2))
        right = found["photos"] == asked.count and not (found["missing"] or found["twice"] or found["not asked for"])
        return int(not right or found["half-written"] > 0 or found["largest difference of 255"] > 1)


if __name__ == "__main__":
    sys.exit(main())
