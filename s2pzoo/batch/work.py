"""One worker: a model, and piece by piece of drawings. It is told in lines of JSON, and answers so (`main`)."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from attrs import asdict, evolve, field, frozen

import s2pzoo
from s2pzoo.batch.sink import SINKS
from s2pzoo.batch.source import Piece, items
from s2pzoo.host.guard import ours
from s2pzoo.spec import graph
from s2pzoo.spec.fields import read_options

Tell = Callable[[Mapping[str, Any]], None]


@frozen(kw_only=True)
class Job:
    """What is made of every drawing, and where it goes."""

    model: str
    out: str
    form: str = "files"
    weights: str | None = None
    device: str = "cpu"
    runtime: str = "eager"
    seed: int = 0
    knobs: tuple[str, ...] = field(default=(), converter=tuple)
    reading: Mapping[str, Any] = field(factory=dict)


class Worker:
    """A loaded model that makes pieces of a job."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.pipeline = s2pzoo.load(job.model, weights=job.weights, device=job.device, runtime=job.runtime)
        self.options = read_options(job.knobs, self.pipeline.model.options)
        graph.read_options(self.pipeline.model, self.options)  # told before the first drawing

    def make(
        self, number: int, piece: Piece, *, skip: Collection[int] = (), tell: Tell = lambda _: None
    ) -> dict[str, Any]:  # fmt: skip
        """The photos of a piece, written; how many, and what could not be made.

        Raises:
            OutputError: they cannot be written: no drawing's fault.
        """
        began, made, failed = time.monotonic(), 0, []
        sink = SINKS[self.job.form](Path(self.job.out), number)
        for index, item in enumerate(items(piece)):
            if index in skip:
                continue
            tell({"at": index, "label": item.label})
            try:
                result = self.pipeline.run(item.read(), seed=self.job.seed, **self.job.reading, **self.options)
                (result,) = evolve(result, inputs=evolve(result.inputs, sources=(Path(item.label).name,)))
            except Exception as error:  # of one drawing, be it the model's fault: the others go on
                failed.append({"drawing": item.label, **ours(error).to_dict()})
            else:
                sink.add(item.name, result)
                made += 1
        sink.close()
        return {"made": made, "failed": failed, "seconds": round(time.monotonic() - began, 3)}


def start(job: Job) -> list[str]:
    """The command of a worker process."""
    code = f"from s2pzoo.batch.work import main; main({json.dumps(json.dumps(asdict(job)))})"
    return [sys.executable, "-c", code]


def main(job: str) -> None:
    """Run as a process until stdin ends: {number, piece, skip} in; {ready}, {at, label}, {done}, {error} out."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started it ends it
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever plugins print is no answer

    def tell(message: Mapping[str, Any]) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    try:
        import torch

        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
        worker = Worker(Job(**json.loads(job)))
        tell({"ready": True})
        for line in sys.stdin:
            asked = json.loads(line)
            tell({"done": worker.make(asked["number"], asked["piece"], skip=set(asked["skip"]), tell=tell)})
    except BrokenPipeError:  # nobody is there any more
        os._exit(1)
    except Exception as error:
        tell({"error": ours(error).to_dict()})
