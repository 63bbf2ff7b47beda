"""Many drawings by several processes, each with a model of its own; exactly once, however often they are killed.

In OUT/.batch lie the plan (a line a piece, made once) and a journal of pieces that are done. A piece counts when its
photos are written; one that was interrupted is made again, under the same names.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import os
import queue
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from attrs import asdict, define, evolve, frozen

from s2pzoo.batch.sink import SINKS
from s2pzoo.batch.source import Piece, count, pieces
from s2pzoo.batch.work import Job, Worker, start
from s2pzoo.errors import MissingExtraError, OutputError, S2PZooError, UnexpectedError, UsageError, rebuilt
from s2pzoo.evaluate.journal import Journal
from s2pzoo.host.guard import ours
from s2pzoo.host.lock import locked
from s2pzoo.imaging.write import claim, write_bytes

HOME, PLAN, JOURNAL, FAILED = ".batch", "plan.ndjson", "done.jsonl", "failed.ndjson"
MISFORTUNES = 3
"""Workers that may end before they are ready, one after the other."""

Report = Callable[[int, int], None]


@frozen(kw_only=True)
class Tally:
    """What a run came to, earlier sittings included."""

    drawings: int
    made: int
    failed: int
    earlier: int
    """Of these, how many were made before this sitting."""
    seconds: float
    """Of all workers together."""


def run(
    job: Job, given: Sequence[Path], *, size: int = 64, column: str = "", workers: int = 1, ray: str = "",
    report: Report = lambda done, total: None,
) -> Tally:  # fmt: skip
    """Make photos of all drawings; go on where an earlier sitting with the same arguments ended.

    Args:
        given: files, folders or patterns, see `source.pieces`.
        size: drawings in a piece, and so in a shard.
        workers: processes on this machine; with `ray`, in the cluster.
        ray: the address of a Ray cluster, or "local".
        report: is told how many drawings are done, of how many.

    Raises:
        UsageError: another run, of other arguments, wrote to this folder; there is no such form.
        BadInputError: nothing is there. OutputError: it cannot be written. Whatever loading the model raises.
    """
    if job.form not in SINKS:
        raise UsageError(f"There is no form {job.form!r}.", fix=f"Use one of {', '.join(SINKS)}.")
    out = Path(os.path.abspath(job.out))
    job, home = evolve(job, out=str(out)), out / HOME
    with locked(home, what="batch", error=OutputError):
        claim(home, (PLAN, JOURNAL))
        total = _planned(job, given, out, size, column)
        journal = Journal(home / JOURNAL, beside=())
        journal.forget(lambda record: not {"made", "failed", "seconds"} <= record.keys())
        earlier = sum(_size(journal[key]) for key in journal)
        report(earlier, total)
        left = ((number, piece) for number, piece in _pieces(home) if str(number) not in journal)

        def keep(number: int, record: dict[str, Any]) -> None:
            journal.add(str(number), record)

        def at(more: int) -> None:
            report(earlier + more, total)

        if ray:
            _by_ray(job, left, workers, keep, at, address=ray)
        else:
            _by_processes(job, left, workers, keep, at)
        failed = [one for key in journal for one in journal[key]["failed"]]
        lines = "".join(f"{json.dumps(one)}\n" for one in failed)
        if failed:
            write_bytes(lines.encode(), out / FAILED)
        records = [journal[key] for key in journal]
        return Tally(
            drawings=total, made=sum(one["made"] for one in records), failed=len(failed), earlier=earlier,
            seconds=sum(one["seconds"] for one in records),
        )  # fmt: skip


def _size(record: dict[str, Any]) -> int:
    return record["made"] + len(record["failed"])


def _planned(job: Job, given: Sequence[Path], out: Path, size: int, column: str) -> int:
    """The plan is there, now or from before; how many drawings it has."""
    paths = [os.path.abspath(path) for path in given]
    asked = {"job": asdict(job), "given": paths, "size": size, "column": column}
    asked = json.loads(json.dumps(asked))
    plan = out / HOME / PLAN
    if plan.exists():
        try:
            with plan.open(encoding="utf-8") as file:
                known = json.loads(file.readline())
            total = int(known["drawings"])
        except (ValueError, TypeError, KeyError) as error:
            what = f"The plan of {out} is damaged."
            raise OutputError(
                what, why=f"{type(error).__name__}: {error}", fix="Begin again in a new folder."
            ) from error
        other = [name for name in asked["job"] if name != "out" and asked["job"][name] != known["job"].get(name)]
        other += [name for name in ("given", "size", "column") if asked[name] != known[name]]
        if other:
            raise UsageError(
                f"{out} holds another run.", why=f"It differs in {', '.join(other)}.",
                fix="Give another folder, or the arguments of that run to go on with it.",
            )  # fmt: skip
        for cut_off in out.rglob(".*.part"):  # by whoever killed that sitting
            cut_off.unlink(missing_ok=True)
        return total
    theirs = [one.name for one in out.iterdir() if one.name != HOME]
    if theirs:
        raise OutputError(f"{out} is not empty: {theirs[0]}.", fix="Give a new folder; this run will fill it.")
    total, lines = 0, []
    for piece in pieces(given, size=size, without=out.resolve(), column=column):
        total += count(piece)
        lines.append(json.dumps(piece))
    lines.insert(0, json.dumps({**asked, "drawings": total}))
    write_bytes("".join(f"{line}\n" for line in lines).encode(), plan)
    return total


def _pieces(home: Path) -> Iterator[tuple[int, Piece]]:
    with (home / PLAN).open(encoding="utf-8") as file:
        next(file)
        for number, line in enumerate(file):
            yield number, json.loads(line)


Left = Iterator[tuple[int, Piece]]
Keep = Callable[[int, dict[str, Any]], None]


# On this machine


@frozen
class _Task:
    """A piece, and of it the drawings over which workers ended."""

    number: int
    piece: Piece
    skip: tuple[int, ...] = ()
    lost: tuple[dict[str, str], ...] = ()


@define
class _Process:
    """A worker, and what it is at."""

    process: subprocess.Popen[str]
    ready: bool = False
    task: _Task | None = None
    at: int = -1
    label: str = ""

    def give(self, task: _Task | None) -> None:
        """A task; or none, and then it ends."""
        self.task, self.at = task, -1
        assert self.process.stdin, "it is a pipe"
        with contextlib.suppress(OSError):  # where it ended, its stdout says so, too
            if task is None:
                self.process.stdin.close()
            else:
                asked = {"number": task.number, "piece": task.piece, "skip": task.skip}
                self.process.stdin.write(json.dumps(asked) + "\n")
                self.process.stdin.flush()

    def left(self) -> _Task | None:
        """What is to be done again after it ended: its task without the drawing it was at."""
        if self.task is None or self.at < 0:
            return self.task
        what = f"The process ended over it, with {self.process.wait()}."
        lost = {"drawing": self.label, "code": UnexpectedError.code, "what": what, "why": "", "fix": "Leave it out."}
        return evolve(self.task, skip=(*self.task.skip, self.at), lost=(*self.task.lost, lost))


def _by_processes(job: Job, left: Left, workers: int, keep: Keep, report: Callable[[int], None]) -> None:
    answers: queue.Queue[tuple[_Process, str | None]] = queue.Queue()
    tasks = itertools.starmap(_Task, left)
    again = list(itertools.islice(tasks, 1))
    alive: list[_Process] = []
    misfortunes = done = 0
    each = max(1, (os.cpu_count() or 1) // workers)
    environment = {**os.environ, "OMP_NUM_THREADS": str(each), "OMP_WAIT_POLICY": "PASSIVE"}

    def begin() -> None:
        process = subprocess.Popen(
            start(job), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", env=environment
        )
        alive.append(_Process(process))
        threading.Thread(target=_listen, args=(alive[-1], answers), daemon=True).start()

    try:
        for _ in range(workers if again else 0):
            begin()
        while alive:
            one, line = answers.get()
            told = json.loads(line) if line else {}
            if "error" in told:
                raise _error(told["error"])
            if "at" in told:
                one.at, one.label, misfortunes = told["at"], told["label"], 0
                report(done := done + 1)
                continue
            if "done" in told and one.task:
                record = told["done"]
                keep(one.task.number, {**record, "failed": [*one.task.lost, *record["failed"]]})
            if told:
                one.ready = True
                one.give(again.pop() if again else next(tasks, None))
                continue
            alive.remove(one)
            misfortunes += not one.ready or (one.task is not None and one.at < 0)
            if misfortunes == MISFORTUNES:
                raise UnexpectedError(
                    "The workers end before they begin.", why=f"The last one with {one.process.wait()}.",
                    fix="Is there enough memory? Give fewer: --workers 1.",
                )  # fmt: skip
            if task := one.left():
                again.append(task)
            if task or not one.ready:
                begin()
    finally:
        for one in alive:
            one.process.kill()
            one.process.wait()


def _listen(one: _Process, answers: queue.Queue[tuple[_Process, str | None]]) -> None:
    assert one.process.stdout
    for line in one.process.stdout:
        answers.put((one, line))
    answers.put((one, None))


def _error(said: dict[str, str]) -> S2PZooError:
    """A worker's error as one of ours, with its code."""
    kind = next((one for one in _kinds(S2PZooError) if one.code == said["code"]), S2PZooError)
    return rebuilt(kind, (said["what"],), {name: said[name] for name in ("what", "why", "fix")})


def _kinds(kind: type[S2PZooError]) -> Iterator[type[S2PZooError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _kinds(below)


# In a cluster


def _by_ray(job: Job, left: Left, workers: int, keep: Keep, report: Callable[[int], None], *, address: str) -> None:
    """By Ray Data: every worker is an actor that keeps its model; pieces come back in any order."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError as error:
        raise MissingExtraError("Ray is not installed.", extra="ray", why=str(error)) from error

    class Maker:
        worker: Worker | None = None

        def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
            try:
                self.worker = self.worker or Worker(job)
                number, piece = json.loads(row["piece"])
                return {"told": json.dumps([number, self.worker.make(number, piece)])}
            except Exception as error:
                return {"told": json.dumps(ours(error).to_dict())}

    rows = [{"piece": json.dumps(one)} for one in left]
    if not rows:
        return
    here, done = address == "local", 0
    ray.init(address=None if here else address, num_cpus=workers if here else None, log_to_driver=False,
             include_dashboard=False, logging_level=logging.ERROR)  # fmt: skip
    try:
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = context.verbose_progress = False
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        data = ray.data.from_items(rows, override_num_blocks=len(rows))
        for row in data.map(cast(Any, Maker), concurrency=workers, num_cpus=1).iter_rows():
            told = json.loads(row["told"])
            if isinstance(told, dict):
                raise _error(told)
            keep(*told)
            report(done := done + _size(told[1]))
    finally:
        ray.shutdown()
