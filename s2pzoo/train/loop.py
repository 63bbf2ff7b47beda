"""The training loop: everything around a task's step.

Steps, device and precision (Lightning Fabric), learning-rate schedule, averages, checkpoints, samples, stopping on time
or by a signal, exact resume, and at the end a bundle. What happens inside a step is the task's.
"""

from __future__ import annotations

import math
import platform
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import torch
from attrs import frozen
from torch import nn

from s2pzoo.errors import RecipeError, TrainingError, UsageError
from s2pzoo.host.lock import locked
from s2pzoo.pipeline.runtimes import USED
from s2pzoo.spec.fields import overridden
from s2pzoo.train import checkpoint as checkpoints
from s2pzoo.train.ahead import endless, made_ahead
from s2pzoo.train.ema import Ema
from s2pzoo.train.fabric import check_task, make_fabric, rng_kept, seed_torch, set_up
from s2pzoo.train.recipe import Recipe, Schedule, changes, find_task, read_recipe, recipe_of, with_named_parts
from s2pzoo.train.report import METRICS, Report
from s2pzoo.train.result import SAMPLES, write_result, write_sheet
from s2pzoo.train.signals import Signals
from s2pzoo.train.task import Task
from s2pzoo.weights.bundle import claim_bundle
from s2pzoo.weights.manifest import MANIFEST

Callback = Callable[[int, Mapping[str, float]], None]


@frozen(kw_only=True)
class TrainResult:
    """How a sitting ended.

    Attributes:
        out: the training's folder.
        reason: "finished", "minutes" (this sitting's time is up) or "interrupted".
        step: steps done in all.
        seconds: of training in all, over sittings.
        losses: means over the last logged steps.
        checkpoint: the newest checkpoint.
    """

    out: Path
    reason: str
    step: int
    seconds: float
    losses: dict[str, float]
    checkpoint: Path


def train(
    recipe: str | Path | Recipe,
    data: str | Path,
    out: str | Path,
    *,
    resume: bool = False,
    minutes: float | None = None,
    overrides: Iterable[str] = (),
    progress: bool = True,
    task: type[Task] | None = None,
    overwrite: bool = False,
    callbacks: Iterable[Callback] = (),
) -> TrainResult:
    """Train, or go on training, and leave a bundle in `out`.

    Args:
        recipe: a TOML file, the name `family/recipe` of a plugin's recipe, or a Recipe.
        data: the data folder, handed to the task.
        out: the folder for checkpoints, samples, metrics and at last the bundle. Made if missing.
        resume: go on from the newest checkpoint in `out`. On one device the result is that of an uninterrupted run,
            bit for bit on a CPU, unless `schedule.minutes` makes it depend on the clock.
        minutes: stop this sitting after so much time, with a checkpoint and a bundle; 0 only writes the bundle.
        overrides: see `spec.fields.overridden`.
        progress: show progress on stderr.
        task: a Task class to use instead of the one the recipe names.
        overwrite: replace a README.md, a manifest.json, ... in `out`, too, that s2pzoo did not write.
        callbacks: each is called after every step with the number of steps done and the losses, in the first process
            of several; an error of one ends the training.

    SIGINT and SIGTERM let the step finish, write a checkpoint, and end with the reason "interrupted". Torch's global
    generator, seeded here because layers such as dropout draw from it, is put back at the end.

    Raises:
        RecipeError: the recipe or an override is wrong.
        TrainingError: `out` holds a training and `resume` is not set, or none and it is; another one is going on
            there; the checkpoint does not fit; a loss or a weight is not finite.
        OutputError: `out` cannot be written, or holds what s2pzoo did not write.
        UsageError: OpenVINO ran in this process.
    """
    if USED:
        why = "A training that follows it would crash."
        raise UsageError("OpenVINO is loaded in this process.", why=why, fix="Train in a process of its own.")
    raw = recipe if isinstance(recipe, Recipe) else read_recipe(recipe, task=task)
    task_class = task or find_task(raw.task)
    if not isinstance(raw, task_class.Recipe):
        raw = recipe_of(task_class.Recipe, raw.to_dict())
    resolved = with_named_parts(overridden(raw, overrides, error=RecipeError))
    folder = Path(out).expanduser()
    with locked(folder), Signals() as signals, rng_kept():
        found = _check_out(folder, resume=resume, overwrite=overwrite)
        sitting = _Sitting(resolved, task_class, Path(data).expanduser(), folder)
        return sitting.run(found, minutes=minutes, signals=signals, progress=progress, callbacks=tuple(callbacks))


def rate_factor(schedule: Schedule, *, step: int, progress: float) -> float:
    """What the learning rates are multiplied by.

    Args:
        schedule: `warmup`, `decay`, `decay_start`.
        step: steps done.
        progress: part of the training that is done, in [0, 1].
    """
    warm = min(1.0, (step + 1) / schedule.warmup) if schedule.warmup else 1.0
    start = schedule.decay_start
    done = min(1.0, max(0.0, (progress - start) / (1.0 - start)))
    falling = {"none": 1.0, "linear": 1.0 - done, "cosine": 0.5 * (1.0 + math.cos(math.pi * done))}
    return warm * falling[schedule.decay]


class _Sitting:
    """One run of the loop, from start or checkpoint to a stop."""

    def __init__(self, recipe: Recipe, task_class: type[Task], data: Path, out: Path) -> None:
        self.began = time.monotonic()
        self.ended: float | None = None
        self.recipe, self.out = recipe, out
        self.schedule = recipe.schedule
        self.fabric = make_fabric(self.schedule)
        seed_torch(recipe.seed)
        self.task = task_class(recipe=recipe, data=data)
        self.raw_optimizers = dict(self.task.optimizers)
        self.rates = {name: [g["lr"] for g in opt.param_groups] for name, opt in self.raw_optimizers.items()}
        self.modules = dict(self.task.networks)
        check_task(self.task)
        set_up(self.fabric, self.task)
        self.ema = Ema({name: self.modules[name] for name in self.task.ema}, decay=self.schedule.ema)
        seed_torch(recipe.seed + self.fabric.global_rank)
        self.step = 0
        self.earlier_seconds = 0.0
        self.sittings = 1
        self.newest: Path | None = None

    @property
    def chief(self) -> bool:
        """Whether this process is the one that writes."""
        return self.fabric.is_global_zero

    @property
    def seconds(self) -> float:
        """Of training in all, over sittings; what follows the last step (the bundle) is not counted."""
        return self.earlier_seconds + (self.ended or time.monotonic()) - self.began

    def run(
        self, found: Path | None, *, minutes: float | None, signals: Signals, progress: bool,
        callbacks: tuple[Callback, ...],
    ) -> TrainResult:  # fmt: skip
        notes = self._restore(found) if found else []
        schedule, world = self.schedule, self.fabric.world_size
        images = schedule.batch * world
        report = self._report(progress) if self.chief else _Silence()
        batches = self.task.batches(start=self.step, rank=self.fabric.global_rank, workers=schedule.workers)
        with report, made_ahead(endless(batches), 0 if schedule.workers else schedule.prefetch) as ahead:
            for note in notes:
                report.say(note)
            last_save = last_sample = time.monotonic()
            if self.step == 0:
                self._sample()  # a sheet that cannot be made is better known now than in an hour
            while True:
                reason, factor = self._decide(minutes, signals)
                if world > 1:  # clocks and signals differ between processes: the first one's count
                    reason, factor = self.fabric.broadcast((reason, factor))
                if reason:
                    self.ended = time.monotonic()
                    break
                self._set_rates(factor)
                batch = self.fabric.to_device(next(ahead))
                losses = self._averaged_losses(self.task.step(batch, self.step, self.fabric.backward))
                self._check_finite(losses)
                self.ema.update(self.modules)
                self.step += 1
                report.step(self.step, losses, images=images, seconds=self.seconds, rate=factor)
                for callback in callbacks if self.chief else ():
                    callback(self.step, losses)
                if time.monotonic() - last_save >= schedule.checkpoint_every_minutes * 60:
                    self._save()
                    last_save = time.monotonic()
                if time.monotonic() - last_sample >= schedule.sample_every_minutes * 60:
                    self._sample()
                    last_sample = time.monotonic()
            report.flush(self.step, images=images, seconds=self.seconds, rate=factor)
            self._save()
            self._finish(reason, report)
        assert self.newest is not None or not self.chief
        return TrainResult(
            out=self.out,
            reason=reason,
            step=self.step,
            seconds=self.seconds,
            losses=report.losses,
            checkpoint=self.newest or self.out,
        )

    def _averaged_losses(self, losses: Mapping[str, float]) -> dict[str, float]:
        """Over all processes, each of which saw a batch of its own."""
        values = torch.tensor([float(value) for value in losses.values()], dtype=torch.float64)
        if self.fabric.world_size > 1:
            values = cast("torch.Tensor", self.fabric.all_reduce(values.to(self.fabric.device), reduce_op="mean"))
        return dict(zip(losses, values.tolist(), strict=True))

    def _report(self, progress: bool) -> Report:
        schedule = self.schedule
        return Report(
            out=self.out, steps=schedule.steps, start=self.step, log_every=schedule.log_every, progress=progress
        )

    def _decide(self, minutes: float | None, signals: Signals) -> tuple[str, float]:
        schedule, seconds = self.schedule, self.seconds
        progress = self.step / schedule.steps
        if schedule.minutes:
            progress = max(progress, seconds / (60 * schedule.minutes))
        factor = rate_factor(schedule, step=self.step, progress=progress)
        if progress >= 1:
            return "finished", factor
        if signals.caught:
            return "interrupted", factor
        if minutes is not None and time.monotonic() - self.began >= minutes * 60:
            return "minutes", factor
        return "", factor

    def _set_rates(self, factor: float) -> None:
        for name, optimizer in self.raw_optimizers.items():
            for group, rate in zip(optimizer.param_groups, self.rates[name], strict=True):
                group["lr"] = rate * factor

    def _check_finite(self, losses: Mapping[str, float]) -> None:
        bad = [f"{name} = {value}" for name, value in losses.items() if not math.isfinite(value)]
        if bad:
            raise self._not_finite(f"In step {self.step + 1}, the loss is not finite: {', '.join(bad)}.")

    def _not_finite(self, what: str) -> TrainingError:
        last = f"The last good checkpoint is {self.newest}." if self.newest else "There is no checkpoint yet."
        return TrainingError(what, why=last, fix="Resume from it with a lower learning rate, or another precision.")

    def _save(self) -> None:
        if not self.chief:
            return
        networks = checkpoints.pack_networks(self.modules)
        bad = [name for name, value in networks.items() if value.is_floating_point() and not value.isfinite().all()]
        if bad:
            raise self._not_finite(f"After step {self.step}, the weight {bad[0]!r} is not finite.")
        optimizers, optimizer_numbers = checkpoints.pack_optimizers(self.raw_optimizers)
        own = {f"task/{name}": value.detach().cpu().contiguous() for name, value in self.task.state().items()}
        stored = checkpoints.Checkpoint(
            networks=networks,
            ema=checkpoints.pack_networks(self.ema.networks),
            optimizers=optimizers,
            extra={**checkpoints.pack_rng(), **own},
            numbers={
                "format": checkpoints.FORMAT,
                "step": self.step,
                "seconds": self.seconds,
                "sittings": self.sittings,
                "processes": self.fabric.world_size,
                "ema_updates": self.ema.updates,
                "recipe": self.recipe.to_dict(),
                "optimizers": optimizer_numbers,
                "precision": self.fabric.strategy.precision.state_dict(),
            },
        )
        self.newest = checkpoints.save_checkpoint(stored, self.out, keep=self.schedule.keep_checkpoints)

    def _restore(self, folder: Path) -> list[str]:
        stored = checkpoints.load_checkpoint(folder)
        numbers = stored.numbers
        if numbers["recipe"]["task"] != self.recipe.task:
            raise RecipeError(
                f"{self.out} holds a training of {numbers['recipe']['task']!r}; the recipe is for {self.recipe.task!r}."
            )
        checkpoints.unpack_networks(self.modules, stored.networks)
        checkpoints.unpack_networks(self.ema.networks, stored.ema)
        checkpoints.unpack_optimizers(self.raw_optimizers, stored.optimizers, numbers["optimizers"])
        self.task.load_state(
            {name.removeprefix("task/"): value for name, value in stored.extra.items() if name.startswith("task/")}
        )
        self.fabric.strategy.precision.load_state_dict(numbers["precision"])
        self.ema.updates = numbers["ema_updates"]
        self.step, self.earlier_seconds, self.sittings = stored.step, numbers["seconds"], numbers["sittings"] + 1
        self.newest = folder
        if self.chief:
            checkpoints.unpack_rng(stored.extra)
        else:
            seed_torch(self.recipe.seed + self.fabric.global_rank + 7919 * self.step)
        notes = [f"Going on after step {self.step} ({self.earlier_seconds / 60:.1f} minutes)."]
        if (before := numbers.get("processes", 1)) != (now := self.fabric.world_size):
            each = self.schedule.batch
            notes.append(
                f"Of {before} processes it goes on in {now}: {now * each} images a step in place of {before * each}, "
                "other draws; the learning rate stays."
            )
        told = changes(numbers["recipe"], self.recipe.to_dict())
        return notes + [f"Changed: {line}" for line in told if not line.startswith("output")]

    @contextmanager
    def _averaged(self) -> Iterator[dict[str, nn.Module]]:
        """All networks, averaged where there is an average, in eval mode, with no trace left behind."""
        networks = {**self.modules, **self.ema.networks}
        modes = {module: module.training for net in networks.values() for module in net.modules()}
        for network in networks.values():
            network.eval()
        try:
            with torch.no_grad(), rng_kept():
                yield networks
        finally:
            for module, mode in modes.items():
                module.training = mode

    def _sample(self) -> None:
        if not self.chief:
            return
        with self._averaged() as networks:
            sheet = self.task.sample(networks)
        write_sheet(sheet, self.out, step=self.step)

    def _finish(self, reason: str, report: Report | _Silence) -> None:
        if not self.chief:
            return
        done = f"step {self.step}/{self.schedule.steps}, {self.seconds / 60:.1f} minutes in all"
        if reason == "interrupted":
            report.say(f"Interrupted; checkpoint written ({done}). --resume goes on; with --minutes 0 it only bundles.")
            return
        self._sample()
        metadata = {
            "recipe": self.recipe.to_dict(),
            "step": self.step,
            "images": self.step * self.schedule.batch * self.fabric.world_size,
            "seconds": round(self.seconds, 1),
            "sittings": self.sittings,
            "finished": reason == "finished",
            "losses": report.losses,
            "device": str(self.fabric.device),
            "versions": {"python": platform.python_version(), "torch": torch.__version__},
        }
        with self._averaged() as networks:
            write_result(self.task, networks, self.out, metadata)
        text = "Finished" if reason == "finished" else "Time is up; --resume goes on"
        report.say(f"{text} ({done}). The bundle is in {self.out}.")


class _Silence:
    """The report of a process that does not write."""

    def __init__(self) -> None:
        self.losses: dict[str, float] = {}

    def __enter__(self) -> _Silence:
        return self

    def __exit__(self, *_: object) -> None: ...

    def step(self, *_: Any, **__: Any) -> None: ...

    def flush(self, *_: Any, **__: Any) -> None: ...

    def say(self, text: str) -> None: ...


def _check_out(out: Path, *, resume: bool, overwrite: bool) -> Path | None:
    """The checkpoint to go on from, or None for a new training. Makes the folder."""
    found = checkpoints.list_checkpoints(out)
    if resume and not found:
        raise TrainingError(f"{out} holds no checkpoint to go on from.", fix="Leave out --resume to begin a training.")
    if not resume and (found or ((out / MANIFEST).exists() and not overwrite)):
        held = f"a training ({found[-1].name})" if found else "a bundle"
        raise TrainingError(
            f"{out} already holds {held}.", fix="Go on with it by --resume, or choose another folder for a new one."
        )
    claim_bundle(out, more=(METRICS, SAMPLES), overwrite=overwrite or bool(found))
    return found[-1] if found else None
