"""What a training tells while it runs: metrics.jsonl, a progress bar or plain lines, TensorBoard where installed."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

METRICS = "metrics.jsonl"
PLAIN_SECONDS = 15.0


class Report:
    """Means of the losses every `log_every` steps, to every place that listens.

    Args:
        out: the training's folder.
        steps: of the whole training.
        start: steps already done. Lines of metrics.jsonl beyond it (of a sitting that was cut off) are dropped.
        log_every: steps of one line.
        progress: show a bar on a terminal, plain lines elsewhere; False shows nothing.
    """

    def __init__(self, *, out: Path, steps: int, start: int, log_every: int, progress: bool) -> None:
        self._log_every = log_every
        self._sums: dict[str, float] = {}
        self._count = 0
        self._since = self._said = time.monotonic()
        self.losses: dict[str, float] = {}  # of the last line
        self._rate = 0.0
        self._steps, self._start = steps, start
        self._file = _open_metrics(out / METRICS, start)
        self._board = _tensorboard(out / "tensorboard")
        self._console = Console(file=sys.stderr, highlight=False, quiet=not progress)
        self._bar = _bar(self._console) if progress and self._console.is_terminal else None
        self._plain = progress and self._bar is None
        self._row = self._bar.add_task("", total=steps, completed=start) if self._bar else None

    def __enter__(self) -> Report:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._file.close()
        if self._board is not None:
            self._board.close()
        if self._bar:
            self._bar.stop()

    def step(self, done: int, losses: Mapping[str, float], *, images: int, seconds: float, rate: float) -> None:
        """One step is done.

        Args:
            done: steps done in all.
            losses: its loss terms.
            images: samples it used.
            seconds: of training in all, over sittings.
            rate: the factor on the learning rates.
        """
        for name, value in losses.items():
            self._sums[name] = self._sums.get(name, 0.0) + value
        self._count += 1
        if done % self._log_every == 0 or done == self._steps:
            self.flush(done, images=images, seconds=seconds, rate=rate)
        if self._bar and self._row is not None:
            self._bar.update(self._row, completed=done, description=self._text())
        elif self._plain and time.monotonic() - self._said >= PLAIN_SECONDS:
            self._said = time.monotonic()
            self.say(f"step {done}/{self._steps}  {seconds / 60:.1f} min  {self._text()}")

    def flush(self, done: int, *, images: int, seconds: float, rate: float) -> None:
        """Write the line of the steps since the last one, if there are any."""
        if not self._count:
            return
        now = time.monotonic()
        self._rate = self._count * images / max(now - self._since, 1e-9)
        self.losses = {name: total / self._count for name, total in self._sums.items()}
        numbers = {"seconds": round(seconds, 3), "images_per_second": round(self._rate, 3), "lr_factor": rate}
        self._file.write(json.dumps({"step": done, **numbers, "losses": self.losses}) + "\n")
        self._file.flush()
        if self._board is not None:
            for name, value in {**self.losses, "images_per_second": self._rate, "lr_factor": rate}.items():
                self._board.add_scalar(name, value, done)
        self._sums, self._count, self._since = {}, 0, now

    def say(self, text: str) -> None:
        """A line for the person watching."""
        self._console.print(text, markup=False, soft_wrap=True)

    def _text(self) -> str:
        losses = "  ".join(f"{name} {value:.4g}" for name, value in self.losses.items())
        return f"{self._rate:.1f} images/s  {losses}" if self.losses else ""


def _bar(console: Console) -> Progress:
    times = TimeElapsedColumn(), TimeRemainingColumn()
    return Progress(BarColumn(), MofNCompleteColumn(), *times, TextColumn("{task.description}"), console=console)


def _open_metrics(path: Path, start: int) -> Any:
    lines = path.read_text(encoding="utf-8").splitlines() if start and path.exists() else []
    kept = [line for line in lines if _step_of(line) <= start]
    temporary = path.with_name(f".{path.name}")
    temporary.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
    temporary.replace(path)
    return path.open("a", encoding="utf-8")


def _step_of(line: str) -> float:
    try:
        return json.loads(line)["step"]
    except (ValueError, KeyError, TypeError):
        return float("inf")  # a line cut off in the middle


def _tensorboard(folder: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder))
