from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from attrs import evolve
from tiny_model import painted, tint

from s2pzoo.data.unpaired import open_collection
from s2pzoo.errors import DataError, UsageError
from s2pzoo.evaluate import contenders
from s2pzoo.evaluate.fid import frechet_distance
from s2pzoo.evaluate.journal import JOURNAL
from s2pzoo.evaluate.kid import kernel_distance
from s2pzoo.evaluate.methods import Method
from s2pzoo.evaluate.paired import LpipsSqueeze
from s2pzoo.evaluate.unpaired import UnpairedEvaluator
from s2pzoo.evaluate.unpaired_data import Pictures
from s2pzoo.evaluate.unpaired_scores import UnpairedEvaluation, UnpairedScore
from s2pzoo.nn.colour import luma
from s2pzoo.nn.squeezenet import load_backbone, squeeze_features
from s2pzoo.pipeline.run import Pipeline
from s2pzoo.testing.painted import write_collection

PAINTED, TINT = Method(label="Painted", model="painted"), Method(label="Tint", model="tint")
DARK = evolve(TINT, label="Dark", options=("red=0.2",))
FLOOR = Method(label="photos", model="photos")
HELD_OUT, TRAINED = 4, 6
SIZE = 32


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten photos and ten sketches, four of each held out."""
    folder = tmp_path_factory.mktemp("data") / "objects"
    count = HELD_OUT + TRAINED
    return write_collection(folder, photos=count, sketches=count, held_out=HELD_OUT)


@pytest.fixture
def models() -> dict[str, Callable[[], Pipeline]]:
    return {"tint": lambda: tint(SIZE), "painted": lambda: painted(SIZE)}


@pytest.fixture
def evaluator(
    data: Path, backbone_file: Path, models: dict, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., UnpairedEvaluator]:
    monkeypatch.setattr(contenders, "load", lambda name, *, weights=None: models[name]())

    def make(*methods: Method, data: Path = data, **settings: Any) -> UnpairedEvaluator:
        return UnpairedEvaluator(methods, data=data, backbone=backbone_file, batch=3, **settings)

    return make


@pytest.fixture
def fid(backbone_file: Path) -> Callable[[torch.Tensor, torch.Tensor], float]:
    def measure(fake: torch.Tensor, real: torch.Tensor) -> float:
        backbone = load_backbone(backbone_file)
        return frechet_distance(*(squeeze_features(one, backbone=backbone) for one in (fake, real)))

    return measure


def photos(data: Path, split: str, size: int = SIZE) -> torch.Tensor:
    return torch.from_numpy(open_collection(data, size=size, split=split).photos).permute(0, 3, 1, 2) / 255


def sketches(data: Path, split: str, size: int = SIZE) -> torch.Tensor:
    return torch.from_numpy(open_collection(data, size=size, split=split).sketches)[:, None] / 255


@pytest.mark.parametrize(("split", "count"), [("train", TRAINED), ("all", HELD_OUT + TRAINED)])
def test_scores_are_those_of_the_metrics_on_all_pictures_at_once(
    evaluator: Callable, data: Path, fid: Callable, backbone_file: Path, split: str, count: int
) -> None:
    (score,) = evaluator(PAINTED, split=split).run().scores
    values = painted(SIZE).run(sketches(data, split), keep=True).values
    real = photos(data, split)
    assert (score.n, score.photos, score.size) == (count, count, SIZE)
    assert score.fid == pytest.approx(fid(values["photo"], real), rel=1e-3)
    assert score.gray_fid == pytest.approx(fid(values["gray"].expand(-1, 3, -1, -1), luma(real)), rel=1e-3)
    features = (squeeze_features(images, backbone=load_backbone(backbone_file)) for images in (values["photo"], real))
    assert score.kid == pytest.approx(kernel_distance(*features), rel=1e-3)
    assert score.seconds > 0


def test_diversity_is_lpips_between_the_colours_of_reference_photos(
    evaluator: Callable, data: Path, backbone_file: Path
) -> None:
    files = Pictures(data, size=SIZE, split="test").references
    assert [file.stem for file in files] == ["6", "7", "8", "9"]
    versions = [painted(SIZE)(sketches(data, "test"), reference=file) for file in files]
    lpips = LpipsSqueeze(backbone=load_backbone(backbone_file))
    pairs = [lpips(a, b) for a, b in itertools.combinations(versions, 2)]
    already = evolve(PAINTED, label="Already in one", options=(f"reference={files[0]}",))
    first, coloured, second = evaluator(PAINTED, already, TINT).run().scores
    assert first.diversity == pytest.approx(float(torch.stack(pairs).mean()), rel=1e-4)
    assert coloured.diversity == first.diversity
    assert coloured.fid != first.fid
    assert first.diversity > 0
    assert second.diversity == 0
    assert second.gray_fid is None


def test_a_model_of_the_gray_stage_alone_has_a_gray_fid_only(evaluator: Callable, models: dict) -> None:
    (whole,) = evaluator(PAINTED).run().scores
    models["painted"] = lambda: painted(SIZE, output="gray")
    alone = evaluator(PAINTED, TINT).run()
    first = alone.scores[0]
    assert first.gray_fid == pytest.approx(whole.gray_fid)
    assert first.fid is first.kid is first.diversity is alone.ratio(alone.scores[1]) is None
    assert alone.to_markdown().splitlines()[2].startswith("| Painted | – | – | – | ")


def test_a_model_that_gives_something_else_is_refused(evaluator: Callable, models: dict) -> None:
    models["painted"] = lambda: painted(SIZE, output="mask")
    with pytest.raises(UsageError, match=r"acme.painted makes no photos.\nIt gives mask"):
        evaluator(TINT, PAINTED)


def test_the_collection_is_read_at_the_size_of_each_model(
    evaluator: Callable, models: dict, data: Path, fid: Callable
) -> None:
    models["tint"] = lambda: tint(48)
    evaluation = evaluator(PAINTED, TINT, FLOOR).run()
    assert [score.size for score in evaluation.scores] == [SIZE, 48, SIZE]
    made = tint(48)(sketches(data, "test", 48))
    assert evaluation.scores[1].fid == pytest.approx(fid(made, photos(data, "test", 48)), rel=1e-3)
    assert f"{SIZE} and 48 pixels" in evaluation.protocol
    assert "different sizes do not compare" in evaluation.protocol


@pytest.mark.parametrize(
    ("split", "made", "real", "count"),
    [("test", "train", "test", HELD_OUT), ("train", "test", "train", HELD_OUT), ("all", "test", "train", HELD_OUT)],
)
def test_the_floor_compares_photos_held_out_with_those_of_the_training(
    evaluator: Callable, data: Path, fid: Callable, split: str, made: str, real: str, count: int
) -> None:
    evaluation = evaluator(TINT, FLOOR, split=split).run()
    floor = evaluation.scores[1]
    there = photos(data, made)
    there = there[np.linspace(0, len(there) - 1, count).round().astype(int)]
    assert floor.fid == pytest.approx(fid(there, photos(data, real)), rel=1e-3)
    assert floor.gray_fid == pytest.approx(fid(luma(there), luma(photos(data, real))), rel=1e-3)
    assert (floor.n, floor.photos, floor.seconds, floor.diversity) == (count, len(photos(data, real)), None, None)
    assert f"The floor: photos of the {made} split, compared with those of the {real} split" in evaluation.protocol


def test_n_takes_fewer_sketches_evenly_spread_and_all_photos(evaluator: Callable, data: Path) -> None:
    pictures = Pictures(data, size=SIZE, split="all", n=4)
    assert torch.equal(pictures.sketches[:, 0] / 255, sketches(data, "all")[[0, 3, 6, 9], 0])
    evaluation = evaluator(TINT, split="all", n=4).run()
    assert (evaluation.scores[0].n, evaluation.scores[0].photos) == (4, 10)
    assert "photos of n = 4 sketches, compared with 10 photos" in evaluation.protocol
    assert "Below 2048 pictures FID is biased" in evaluation.protocol


def score(method: str, fid: float | None, **more: object) -> UnpairedScore:
    facts = {"model": method, "weights": {}, "options": {}, "size": 64, "n": 9, "photos": 8, "kid": 1.0,
             "gray_fid": None, "diversity": 0.0, "seconds": 0.5}  # fmt: skip
    return UnpairedScore(**{**facts, **more, "method": method, "fid": fid})  # pyright: ignore[reportArgumentType]


def test_the_table_divides_by_one_method_and_never_calls_the_floor_the_best() -> None:
    scores = [score("a", 30.0), score("b", 20.0), score("photos", 5.0, model="photos", seconds=None, diversity=None)]
    lines = UnpairedEvaluation(scores=scores, against="b", protocol="the protocol").to_markdown().splitlines()
    assert lines == [
        "| method | FID ↓ | FID / b ↓ | unit KID ↓ | gray FID ↓ | diversity ↑ | s / photo ↓ | n | photos |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
        "| a | 30.0 | 1.50 | **1.000** | – | **0.000** | **0.500** | 9 | 8 |",
        "| b | **20.0** | **1.00** | **1.000** | – | **0.000** | **0.500** | 9 | 8 |",
        "| photos (the floor) | 5.0 | 0.25 | 1.000 | – | – | – | 9 | 8 |",
        "",
        "the protocol",
    ]
    rows = json.loads(UnpairedEvaluation(scores=scores, against="a", protocol="").to_json())["rows"]
    assert [row["ratio"] for row in rows] == pytest.approx([1, 2 / 3, 1 / 6])


def test_where_the_divisor_is_missing_or_zero_there_is_no_ratio() -> None:
    for base in (None, 0.0):
        evaluation = UnpairedEvaluation(scores=[score("a", base), score("b", 20.0)], against="a", protocol="")
        assert evaluation.ratio(evaluation.scores[1]) is None


def test_a_run_of_the_same_goes_on_where_it_was_stopped(evaluator: Callable, tmp_path: Path) -> None:
    def stop(what: str, done: int, total: int) -> None:
        if what == "Tint":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluator(DARK, TINT, FLOOR).run(out=tmp_path, progress=stop)
    assert not (tmp_path / "metrics.md").exists()
    steps: list[tuple[str, int, int]] = []
    resumed = evaluator(DARK, TINT, FLOOR).run(out=tmp_path, progress=lambda *step: steps.append(step))
    assert {what for what, _, _ in steps} == {"true photos", "Tint", "photos"}
    assert steps[-1][1] == steps[-1][2] == 3 * HELD_OUT
    assert (tmp_path / "metrics.md").read_text() == resumed.to_markdown()
    assert json.loads((tmp_path / "metrics.json").read_text())["rows"][0]["fid"] == resumed.scores[0].fid
    whole = evaluator(DARK, TINT, FLOOR).run()
    assert [one.fid for one in resumed.scores] == [one.fid for one in whole.scores]
    steps.clear()
    again = evaluator(TINT, evolve(DARK, label="Again")).run(out=tmp_path, progress=lambda *step: steps.append(step))
    assert steps == []
    assert [one.method for one in again.scores] == ["Tint", "Again"]


def test_progress_reaches_its_end(evaluator: Callable) -> None:
    steps: list[tuple[str, int, int]] = []
    evaluator(PAINTED, FLOOR, split="all", n=2).run(progress=lambda *step: steps.append(step))
    assert steps[-1][1] == steps[-1][2] == 10 + (2 + 2) + (2 + TRAINED)
    assert "Painted, diversity" in {what for what, _, _ in steps}


def test_another_split_or_n_is_measured_anew(evaluator: Callable, tmp_path: Path) -> None:
    for settings in ({}, {"n": 3}, {"split": "train"}, {}):
        evaluator(TINT, **settings).run(out=tmp_path)
    assert len((tmp_path / JOURNAL).read_text().splitlines()) == 3


def test_wrong_methods_are_refused(evaluator: Callable) -> None:
    with pytest.raises(UsageError, match="No model was named"):
        evaluator(FLOOR)
    with pytest.raises(UsageError, match="nearest needs photos with sketches"):
        evaluator(TINT, Method(label="n", model="nearest"))
    with pytest.raises(UsageError, match=r"No method is called 'tint'.\nThere are: Tint, Dark."):
        evaluator(TINT, DARK, against="tint")


@pytest.mark.parametrize(("held_out", "message"), [(0, "no photo in the split 'test'"), (1, "only one sketch")])
def test_an_empty_split_and_one_too_small_for_a_covariance_are_refused(
    evaluator: Callable, tmp_path: Path, held_out: int, message: str
) -> None:
    folder = write_collection(tmp_path / "few", photos=3, sketches=3, held_out=held_out)
    with pytest.raises(DataError, match=message):
        evaluator(TINT, data=folder)
    assert evaluator(TINT, data=folder, split="all").run().scores[0].n == 3
