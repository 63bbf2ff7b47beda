from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import tiny_task
import torch
from PIL import Image

from s2pzoo.errors import OutputError, RecipeError, TrainingError
from s2pzoo.train import TrainResult, train
from s2pzoo.train import checkpoint as checkpoints
from s2pzoo.train.loop import rate_factor
from s2pzoo.train.recipe import Schedule

SCRIPT = Path(tiny_task.__file__)


def run(tiny: ModuleType, out: Path, *overrides: str, **options: Any) -> TrainResult:
    given = ("accelerator=cpu", "steps=30", *overrides)
    return train(tiny.RECIPE, out.parent, out, overrides=given, task=tiny.Product, progress=False, **options)


def tensors(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.safetensors")}


def metrics(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


def test_a_training_leaves_a_bundle_samples_metrics_and_a_checkpoint(tiny: ModuleType, tmp_path: Path) -> None:
    result = run(tiny, tmp_path / "out")
    assert (result.reason, result.step) == ("finished", 30)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["finished"] and manifest["step"] == 30 and manifest["images"] == 240
    assert manifest["recipe"]["schedule"]["steps"] == 30
    assert [line["step"] for line in metrics(tmp_path / "out")] == [10, 20, 30]
    assert set(metrics(tmp_path / "out")[0]) == {"step", "seconds", "images_per_second", "lr_factor", "losses"}
    for name in ("000000.png", "000030.png", "latest.png"):
        assert Image.open(tmp_path / "out" / "samples" / name).size == (4, 4)
    assert [path.name for path in checkpoints.list_checkpoints(tmp_path / "out")] == ["step-000000030"]
    assert [path.name for path in (tmp_path / "out").rglob(".*")] == [".s2pzoo"]


def test_callbacks_see_every_step_and_an_error_of_one_ends_the_training(tiny: ModuleType, tmp_path: Path) -> None:
    seen: list[tuple[int, set[str]]] = []

    def watch(step: int, losses: Any) -> None:
        seen.append((step, set(losses)))

    def stop(step: int, losses: Any) -> None:
        raise ValueError("enough")

    how: dict[str, Any] = {"overrides": ["steps=4", "accelerator=cpu"], "task": tiny.Product, "progress": False}
    train(tiny.RECIPE, ".", tmp_path / "out", **how, callbacks=[watch])
    assert seen == [(step, {"l2", "pool"}) for step in (1, 2, 3, 4)]
    with pytest.raises(ValueError, match="enough"):
        train(tiny.RECIPE, ".", tmp_path / "other", **how, callbacks=[watch, stop])


def test_the_loss_falls(tiny: ModuleType, tmp_path: Path) -> None:
    run(tiny, tmp_path / "out", "steps=200", "lr=0.01")
    lines = metrics(tmp_path / "out")
    assert lines[-1]["losses"]["l2"] < 0.5 * lines[0]["losses"]["l2"]


@pytest.mark.parametrize(("prefetch", "workers"), [(0, 0), (2, 0), (1, 2)])
def test_resuming_gives_the_result_of_an_uninterrupted_run_bit_for_bit(
    tiny: ModuleType, tmp_path: Path, prefetch: int, workers: int
) -> None:
    settings = (f"prefetch={prefetch}", f"workers={workers}", "decay=cosine", "warmup=5")
    whole = run(tiny, tmp_path / "whole", "decay=cosine", "warmup=5")

    class Stops(tiny.Product):
        """Presses Ctrl-C in step 12."""

        def step(self, batch: Any, index: int, backward: Any) -> dict[str, float]:
            if index == 12:
                signal.raise_signal(signal.SIGINT)
            return super().step(batch, index, backward)

    recipe, out = tiny.RECIPE, tmp_path / "parts"
    given = ("accelerator=cpu", "steps=30", *settings)
    first = train(recipe, tmp_path, out, overrides=given, task=Stops, progress=False)
    assert (first.reason, first.step) == ("interrupted", 13)
    torch.rand(7)  # what happens between the sittings must not matter
    second = run(tiny, out, *settings, resume=True)
    assert (second.reason, second.step) == ("finished", 30)
    assert tensors(whole.checkpoint) == tensors(second.checkpoint)
    assert metrics(out)[-1]["losses"] == metrics(tmp_path / "whole")[-1]["losses"]


def test_sampling_does_not_change_the_training(tiny: ModuleType, tmp_path: Path) -> None:
    rarely = run(tiny, tmp_path / "rarely", "sample_every_minutes=60", "checkpoint_every_minutes=60")
    often = run(tiny, tmp_path / "often", "sample_every_minutes=0", "checkpoint_every_minutes=0")
    assert len(list((tmp_path / "often" / "samples").glob("0*.png"))) == 31
    assert [path.name for path in checkpoints.list_checkpoints(tmp_path / "often")] == [
        "step-000000029",
        "step-000000030",
    ]
    assert tensors(rarely.checkpoint) == tensors(often.checkpoint)


def test_the_global_generator_is_left_as_it_was_found(tiny: ModuleType, tmp_path: Path) -> None:
    before = torch.get_rng_state()
    run(tiny, tmp_path / "out", "steps=3")
    assert torch.equal(torch.get_rng_state(), before)


def test_another_seed_gives_another_training(tiny: ModuleType, tmp_path: Path) -> None:
    one, other = (run(tiny, tmp_path / str(seed), "steps=3", f"seed={seed}") for seed in (1, 2))
    assert tensors(one.checkpoint) != tensors(other.checkpoint)


def test_a_sitting_stops_on_time_and_seconds_add_up(tiny: ModuleType, tmp_path: Path) -> None:
    began = time.monotonic()
    first = run(tiny, tmp_path / "out", "steps=1000000", minutes=0.5 / 60)
    assert time.monotonic() - began < 20
    assert first.reason == "minutes" and 0 < first.step < 1000000 and first.seconds >= 0.5
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert not manifest["finished"] and manifest["sittings"] == 1
    second = run(tiny, tmp_path / "out", "steps=1000000", minutes=0.5 / 60, resume=True)
    assert second.step > first.step and second.seconds >= first.seconds + 0.5
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["sittings"] == 2


def test_no_minutes_only_write_the_bundle(tiny: ModuleType, tmp_path: Path) -> None:
    run(tiny, tmp_path / "out", minutes=0)
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["step"] == 0


def test_a_time_budget_of_the_whole_training_ends_it(tiny: ModuleType, tmp_path: Path) -> None:
    result = run(tiny, tmp_path / "out", "steps=1000000", "minutes=0.01", "decay=linear")
    assert result.reason == "finished" and result.seconds >= 0.6
    assert metrics(tmp_path / "out")[-1]["lr_factor"] < 0.2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_the_step_finish_and_writes_a_checkpoint(tmp_path: Path, number: signal.Signals) -> None:
    out = tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, SCRIPT, out, "steps=100000000", "accelerator=cpu"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 120
        while not (out / "metrics.jsonl").exists() or not (out / "metrics.jsonl").read_text():
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.1)
        process.send_signal(number)
        said, told = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0, told
    reason, step = said.split()
    assert reason == "interrupted"
    assert "Interrupted; checkpoint written" in told
    assert checkpoints.load_checkpoint(checkpoints.list_checkpoints(out)[-1]).step == int(step)


def test_a_loss_that_is_not_finite_stops_the_training(tiny: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(TrainingError) as caught:
        run(tiny, tmp_path / "out", "nan_at=7", "checkpoint_every_minutes=0")
    assert "In step 8, the loss is not finite: l2 = nan" in str(caught.value)
    assert "step-000000007" in str(caught.value)
    assert run(tiny, tmp_path / "out", resume=True).step == 30


def test_a_loss_that_is_not_finite_before_any_checkpoint(tiny: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no checkpoint yet"):
        run(tiny, tmp_path / "out", "nan_at=0")


def test_a_weight_that_is_not_finite_is_never_stored(tiny: ModuleType, tmp_path: Path) -> None:
    class Breaks(tiny.Product):
        def step(self, batch: Any, index: int, backward: Any) -> dict[str, float]:
            losses = super().step(batch, index, backward)
            if index == 2:
                self.networks["critic"].weight.data.fill_(float("inf"))
            return {"l2": losses["l2"]}

    with pytest.raises(TrainingError, match=r"After step 3, the weight 'critic/weight'[\s\S]*step-000000002"):
        train(
            tiny.RECIPE,
            tmp_path,
            tmp_path / "out",
            overrides=("steps=5", "checkpoint_every_minutes=0", "accelerator=cpu"),
            task=Breaks,
            progress=False,
        )


def test_a_folder_that_holds_a_training_is_not_written_over(tiny: ModuleType, tmp_path: Path) -> None:
    run(tiny, tmp_path / "out", "steps=3")
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    with pytest.raises(TrainingError, match=r"already holds a training \(step-000000003\)[\s\S]*--resume"):
        run(tiny, tmp_path / "out")
    assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()} == before


def test_a_folder_that_holds_a_bundle_is_not_written_over(tiny: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(TrainingError, match="already holds a bundle"):
        run(tiny, tmp_path)


def test_nothing_to_resume_is_an_error(tiny: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no checkpoint to go on from"):
        run(tiny, tmp_path / "out", resume=True)


def test_a_folder_that_cannot_be_made_is_an_error_before_training(tiny: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        run(tiny, tmp_path / "file" / "out")


def test_a_checkpoint_of_another_network_does_not_fit(tiny: ModuleType, tmp_path: Path) -> None:
    run(tiny, tmp_path / "out", "steps=3")
    with pytest.raises(TrainingError, match=r"does not fit[\s\S]*maker"):
        run(tiny, tmp_path / "out", "width=9", resume=True)


def test_a_damaged_checkpoint_says_how_to_go_on(tiny: ModuleType, tmp_path: Path) -> None:
    result = run(tiny, tmp_path / "out", "steps=3", "checkpoint_every_minutes=0")
    file = result.checkpoint / "networks.safetensors"
    file.write_bytes(file.read_bytes()[:-7])
    with pytest.raises(TrainingError, match="Delete this folder"):
        run(tiny, tmp_path / "out", resume=True)


def test_leftovers_of_a_killed_sitting_are_cleared(tiny: ModuleType, tmp_path: Path) -> None:
    run(tiny, tmp_path / "out", "steps=10")
    half = tmp_path / "out" / "checkpoints" / ".step-000000020.123"
    half.mkdir()
    with (tmp_path / "out" / "metrics.jsonl").open("a") as file:
        file.write('{"step": 20, "losses": {}}\n{"step": 3')
    run(tiny, tmp_path / "out", "steps=30", resume=True)
    assert not half.exists()
    assert [line["step"] for line in metrics(tmp_path / "out")] == [10, 20, 30]
    assert all(line["losses"] for line in metrics(tmp_path / "out"))


def test_an_unusable_precision_is_a_recipe_error(tiny: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="precision"):
        run(tiny, tmp_path / "out", "precision=31")


def test_a_misspelt_override_stops_before_anything_is_written(tiny: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="batch"):
        run(tiny, tmp_path / "out", "bach=4")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("workers", [0, 2])
def test_an_error_while_making_batches_reaches_the_caller(tiny: ModuleType, tmp_path: Path, workers: int) -> None:
    class Ends(tiny.Product):
        def draw(self, rng: Any) -> Any:
            raise ZeroDivisionError("in the data")

    with pytest.raises(ZeroDivisionError, match="in the data"):
        train(tiny.RECIPE, tmp_path, tmp_path / "out", overrides=(f"workers={workers}",), task=Ends, progress=False)


def test_batches_that_end_are_an_error(tiny: ModuleType, tmp_path: Path) -> None:
    class Ends(tiny.Product):
        def batches(self, *, start: int, rank: int = 0, workers: int = 0) -> Any:
            yield {"x": torch.zeros(8, 2)}

    for prefetch in (0, 1):
        with pytest.raises(TrainingError, match="run out of batches"):
            train(
                tiny.RECIPE,
                tmp_path,
                tmp_path / "out",
                overrides=(f"prefetch={prefetch}",),
                task=Ends,
                progress=False,
            )


def test_parameters_without_a_network_are_an_error(tiny: ModuleType, tmp_path: Path) -> None:
    class Strays(tiny.Product):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            self.optimizers["stray"] = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)

    with pytest.raises(TrainingError, match="'stray'"):
        train(tiny.RECIPE, tmp_path, tmp_path / "out", task=Strays, progress=False)


@pytest.mark.parametrize(
    ("decay", "progress", "factor"),
    [("none", 0.9, 1.0), ("linear", 0.25, 1.0), ("linear", 0.75, 0.5), ("cosine", 0.75, 0.5), ("cosine", 1.0, 0.0)],
)
def test_the_learning_rate_falls_after_the_start_of_the_decay(decay: str, progress: float, factor: float) -> None:
    schedule = Schedule(decay=decay, decay_start=0.5)
    assert rate_factor(schedule, step=0, progress=progress) == pytest.approx(factor)


def test_the_learning_rate_rises_in_the_warm_up() -> None:
    schedule = Schedule(warmup=4)
    assert [rate_factor(schedule, step=step, progress=0.0) for step in range(5)] == [0.25, 0.5, 0.75, 1.0, 1.0]


def test_each_optimiser_keeps_its_own_rate_under_one_schedule(tiny: ModuleType, tmp_path: Path) -> None:
    tasks: list[Any] = []

    class Watched(tiny.Product):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            tasks.append(self)

    given = ("steps=4", "lr=0.1", "decay=linear", "accelerator=cpu")
    train(tiny.RECIPE, tmp_path, tmp_path / "out", overrides=given, task=Watched, progress=False)
    assert tasks[0].seen_rates == pytest.approx([0.1, 0.075, 0.05, 0.025])
    assert tasks[0].optimizers["critic"].param_groups[0]["lr"] == pytest.approx(0.01 * 0.25)
