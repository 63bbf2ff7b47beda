"""What the benchmarks share: a measurement, timing, fresh interpreters, and the machine in words."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from attrs import field, frozen

MODEL = "deepfacedrawing"
SKETCH = Path(__file__).parents[1] / "examples" / "sketches" / "faces" / "woman_bob_fringe.svg"


@frozen(kw_only=True)
class Measurement:
    """One answer.

    Attributes:
        what: was measured.
        method: how, in a few words.
        values: all repeats; their median is compared with the target.
        unit: of the values.
        target: not to be exceeded; None for what is only told.
    """

    what: str
    method: str
    values: tuple[float, ...] = field(converter=tuple)
    unit: str
    target: float | None = None

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def passed(self) -> bool:
        return self.target is None or self.median <= self.target

    def row(self) -> str:
        """A row of the Markdown table."""
        spread = f"{min(self.values):.4g} to {max(self.values):.4g}" if len(self.values) > 1 else "once"
        target, verdict = "", ""
        if self.target is not None:
            target, verdict = f"{self.target:g} {self.unit}", "pass" if self.passed else "FAIL"
        cells = (self.what, f"**{self.median:.4g} {self.unit}**", spread, target, verdict, self.method)
        return f"| {' | '.join(cells)} |"


def milliseconds(call: Callable[[int], object], *, repeats: int, warm_up: int = 3) -> list[float]:
    """Times of `call(0)`, `call(1)`, ... after some calls that do not count."""
    for index in range(warm_up):
        call(index)
    times = []
    for index in range(repeats):
        started = time.perf_counter()
        call(index)
        times.append((time.perf_counter() - started) * 1000)
    return times


def in_fresh_interpreters(code: str, *, repeats: int) -> list[float]:
    """Run Python code, each time in a new process; the number it prints last."""
    return [float(_output(code).split()[-1]) for _ in range(repeats)]


def resident(pid: int | str) -> float:
    """The resident set of a process, in MB (10^6 bytes); 0 where it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    except (OSError, IndexError):
        return 0.0


def machine() -> str:
    """Processor, cores, load, Python and torch, in one line."""
    load = f", load average {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else ""
    parts = (
        f"{_processor()}, {_cores()} cores{load}", f"{platform.system()} {platform.machine()}",
        f"Python {platform.python_version()}", f"torch {_version('torch')}", f"s2pzoo {_version('s2pzoo')}",
    )  # fmt: skip
    return "; ".join(parts)


def alone(measure: Callable[..., Measurement]) -> None:
    """Run one benchmark as a script."""
    print(measure().row())


def _output(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the measured process failed:\n{done.stderr}")
    return done.stdout


def _processor() -> str:
    try:
        lines: Sequence[str] = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = ()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown processor"


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed"
