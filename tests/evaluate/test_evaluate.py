from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import typer
from attrs import evolve
from PIL import Image
from s2pzoo_faces.corpus import open_corpus
from tiny_model import SIZE, tint
from typer.testing import CliRunner

from s2pzoo.cli import output
from s2pzoo.cli.evaluate import eval_command
from s2pzoo.errors import BadOptionError, DataError, OutputError, UnknownOptionError, UsageError
from s2pzoo.evaluate import contenders
from s2pzoo.evaluate.contenders import NearestPhoto, load_contenders
from s2pzoo.evaluate.evaluate import JOURNAL, Evaluator
from s2pzoo.evaluate.fid import frechet_distance
from s2pzoo.evaluate.heldout import HeldOut, spread_over_people
from s2pzoo.evaluate.journal import Journal
from s2pzoo.evaluate.methods import Method, parse_method, parse_methods
from s2pzoo.evaluate.paired import LpipsSqueeze
from s2pzoo.evaluate.scores import Evaluation, Protocol, Score
from s2pzoo.nn.squeezenet import load_backbone, squeeze_features

N = 5
LANDMARKS = 189
TINT = Method(label="tint", model="acme")
SMALL = Protocol(n=N, paired=3, levels=("clean", "very rough"), batch=2)


def make_corpus(folder: Path, *, people: str, count: int = N, seed: int = 0) -> Path:
    """A corpus of smooth coloured pictures, with a dot at landmarks that lie on a spiral."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE
    waves = [np.sin(6 * (a * x + b * y) + c) for a, b, c in rng.normal(size=(3 * count, 3))]
    photos = (127 + 100 * np.stack(waves)).reshape(count, 3, SIZE, SIZE).transpose(0, 2, 3, 1).astype(np.uint8)
    turn = np.linspace(0, 12, LANDMARKS)
    spiral = np.stack([np.cos(turn), np.sin(turn)], 1) * np.linspace(5, 25, LANDMARKS)[:, None] + SIZE / 2
    cleans = np.full((count, SIZE, SIZE), 255, np.uint8)
    for index in range(count):
        at = 4 + int(rng.integers(SIZE - 24))
        cleans[index, at : at + 16, 8 * index : 8 * index + 12] = 0
    np.save(folder / "photos.npy", photos)
    np.save(folder / "cleans.npy", cleans)
    np.save(folder / "landmarks.npy", (spiral + rng.normal(size=(count, 1, 1))).astype(np.float32))
    tags = [{"person": people[i % len(people)], "gender": "", "age": ""} for i in range(count)]
    (folder / "people.json").write_text(json.dumps(tags))
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_corpus(tmp_path_factory.mktemp("data") / "held", people="ab")


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_corpus(tmp_path_factory.mktemp("data") / "seen", people="xyz", count=7, seed=1)


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str | None]]:
    """Every load there was; each gives the tinting model."""
    asked: list[tuple[str, str | None]] = []

    def load(name: str, *, weights: str | None = None):
        asked.append((name, weights))
        return tint()

    monkeypatch.setattr(contenders, "load", load)
    return asked


@pytest.fixture
def evaluator(data: Path, gallery: Path, backbone_file: Path, loads: list) -> Callable[..., Evaluator]:
    def make(*methods: Method, protocol: Protocol = SMALL) -> Evaluator:
        return Evaluator(methods, data=data, gallery=gallery, backbone=backbone_file, protocol=protocol)

    return make


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("acme", Method(label="acme", model="acme")),
        ("Ours=acme.small", Method(label="Ours", model="acme.small")),
        ("acme?red=0", Method(label="acme?red=0", model="acme", options=("red=0",))),
        ("Ours, dim=acme?a=1&b.c=2", Method(label="Ours, dim", model="acme", options=("a=1", "b.c=2"))),
        ("acme@runs/a=b?x=1", Method(label="acme@runs/a=b?x=1", model="acme", weights="runs/a=b", options=("x=1",))),
        ("L=acme@hub@v1", Method(label="L", model="acme", weights="hub@v1")),
        ("nearest", Method(label="nearest", model="nearest")),
    ],
)
def test_a_method_is_read_from_text(text: str, expected: Method) -> None:
    assert parse_method(text) == expected


@pytest.mark.parametrize(
    "text", ["", "=acme", "L=", "acme@", "@runs", "?a=1", "nearest?a=1", "nearest@runs", "photos@runs"]
)
def test_what_is_no_method_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no method"):
        parse_method(text)


def test_two_methods_cannot_share_a_label() -> None:
    with pytest.raises(UsageError, match="'acme' is there twice"):
        parse_methods(["acme", "acme=acme?red=1"])


def test_a_model_is_loaded_once_whatever_its_options(loads: list) -> None:
    methods = parse_methods(["acme", "dark=acme?red=0", "other=acme@runs/a"])
    full, dark, _ = load_contenders(methods)
    assert loads == [("acme", None), ("acme", "runs/a")]
    sketch = torch.ones(1, 1, SIZE, SIZE)
    assert full.make(sketch)[0, :, 0, 0].tolist() == pytest.approx([1, 0.6, 0.5])
    assert dark.make(sketch)[0, :, 0, 0].tolist() == pytest.approx([0, 0.6, 0.5])
    assert full.fingerprint != dark.fingerprint


def test_wrong_options_are_refused_before_anything_runs(loads: list) -> None:
    with pytest.raises(UnknownOptionError) as unknown:
        load_contenders(parse_methods(["acme?rad=1"]))
    assert unknown.value.suggestions == ("red",)
    with pytest.raises(BadOptionError):
        load_contenders(parse_methods(["acme?red=2"]))


def test_the_nearest_photo_is_that_of_the_nearest_sketch_whatever_the_pen(gallery: Path) -> None:
    corpus = open_corpus(gallery)
    faint = 1 - 0.4 * (1 - torch.from_numpy(corpus.cleans[[4, 1]])[:, None].float() / 255)
    photos = NearestPhoto(corpus)(faint)
    truth = np.stack([corpus.photo(4), corpus.photo(1)]).transpose(0, 3, 1, 2)
    assert torch.equal(photos, torch.from_numpy(truth))


def test_nearest_needs_a_gallery() -> None:
    with pytest.raises(UsageError, match="gallery"):
        load_contenders(parse_methods(["nearest"]))


def test_faces_are_spread_over_the_people() -> None:
    people = [{"person": person} for person in "aaaabbc"]
    assert spread_over_people(people, 3) == [0, 4, 6]
    assert spread_over_people(people, 5) == [0, 1, 4, 5, 6]
    assert spread_over_people(people, 99) == list(range(7))


def test_sketches_depend_on_seed_level_and_face_only(data: Path) -> None:
    one = HeldOut(open_corpus(data), SMALL)
    other = HeldOut(open_corpus(data), evolve(SMALL, n=4, batch=3, levels=("very rough",)))
    assert torch.equal(one.sketches("very rough", [0, 3]), other.sketches("very rough", [0, 3]))
    assert not torch.equal(one.sketches("clean", [3]), one.sketches("very rough", [3]))
    reseeded = HeldOut(open_corpus(data), evolve(SMALL, seed=1))
    assert not torch.equal(one.sketches("very rough", [3]), reseeded.sketches("very rough", [3]))


def test_scores_are_those_of_the_metrics_on_all_faces_at_once(
    evaluator: Callable[..., Evaluator], data: Path, backbone_file: Path
) -> None:
    protocol = Protocol(n=N, paired=2, levels=("rough",), batch=2)
    (score,) = evaluator(TINT, protocol=protocol).run().scores
    faces = HeldOut(open_corpus(data), protocol)
    made, truth = tint()(faces.sketches("rough", range(N)).float() / 255), faces.photos(range(N))
    backbone = load_backbone(backbone_file)
    fid = frechet_distance(*(squeeze_features(one, backbone=backbone) for one in (made, truth)))
    assert score.fid == pytest.approx(fid, rel=1e-4)
    pair = spread_over_people(open_corpus(data).tags, 2)
    assert score.lpips == pytest.approx(
        float(LpipsSqueeze(backbone=backbone)(made[pair], truth[pair]).mean()), rel=1e-4
    )
    assert (score.method, score.level, score.n, score.paired) == ("tint", "rough", N, 2)
    assert score.weights == {"tint": "acme.tint@0123"}


def test_results_are_written_whole_and_name_the_backbone(evaluator: Callable[..., Evaluator], tmp_path: Path) -> None:
    nearest = Method(label="nearest", model="nearest")
    evaluation = evaluator(TINT, nearest).run(out=tmp_path / "made")
    table = (tmp_path / "made" / "metrics.md").read_text()
    kept = json.loads((tmp_path / "made" / "metrics.json").read_text())
    assert table == evaluation.to_markdown()
    assert [(row["method"], row["level"]) for row in kept["rows"]] == [
        ("tint", "clean"), ("tint", "very rough"), ("nearest", "clean"), ("nearest", "very rough"),
    ]  # fmt: skip
    assert "squeezenet.safetensors, sha256" in kept["protocol"]
    assert f"n = {N}" in table


def test_a_run_of_the_same_goes_on_where_it_was_stopped(evaluator: Callable[..., Evaluator], tmp_path: Path) -> None:
    stopped = evaluator(TINT)

    def stop(what: str, done: int, total: int) -> None:
        if what == "very rough sketches":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped.run(out=tmp_path, progress=stop)
    assert not (tmp_path / "metrics.md").exists()
    with (tmp_path / JOURNAL).open("a") as file:
        file.write('\n{"key": "cut o')
    steps: list[tuple[str, int, int]] = []
    resumed = evaluator(TINT).run(out=tmp_path, progress=lambda *step: steps.append(step))
    assert {what for what, _, _ in steps} == {"true photos", "very rough sketches", "tint, very rough"}
    assert steps[-1][1] == steps[-1][2] == 3 * N
    whole = evaluator(TINT).run()
    assert [(s.level, s.lpips, s.fid) for s in resumed.scores] == [(s.level, s.lpips, s.fid) for s in whole.scores]
    steps.clear()
    assert evaluator(evolve(TINT, label="again")).run(out=tmp_path, progress=lambda *s: steps.append(s)).scores
    assert steps == []


def test_other_arguments_are_measured_anew(evaluator: Callable[..., Evaluator], tmp_path: Path) -> None:
    evaluator(TINT).run(out=tmp_path)
    lines = len((tmp_path / JOURNAL).read_text().splitlines())
    evaluator(TINT, protocol=evolve(SMALL, seed=1)).run(out=tmp_path)
    evaluator(evolve(TINT, options=("red=0.5",))).run(out=tmp_path)
    assert len((tmp_path / JOURNAL).read_text().splitlines()) == 3 * lines


def test_the_journal_survives_a_line_that_was_cut_off(tmp_path: Path) -> None:
    Journal(tmp_path / "j").add("a", {"x": 1})
    with (tmp_path / "j").open("a") as file:
        file.write('\n{"key": "b", "rec')
    Journal(tmp_path / "j").add("c", {"x": 3})
    journal = Journal(tmp_path / "j")
    assert journal["a"] == {"x": 1}
    assert journal["c"] == {"x": 3}
    assert "b" not in journal


def test_a_journal_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="Cannot write"):
        Journal(tmp_path / "file" / "j").add("a", {})


def test_people_of_the_data_may_not_be_in_the_gallery(data: Path, backbone_file: Path, loads: list) -> None:
    with pytest.raises(DataError, match="2 people are in the data and in the gallery"):
        Evaluator([TINT], data=data, gallery=data, backbone=backbone_file, protocol=SMALL)


def test_more_faces_than_there_are_is_refused(data: Path, loads: list) -> None:
    with pytest.raises(DataError, match=f"The dataset has {N} photos"):
        Evaluator([TINT], data=data, protocol=Protocol(n=N + 1))


def test_a_model_of_another_size_is_refused(data: Path, backbone_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contenders, "load", lambda name, *, weights=None: tint(32))
    with pytest.raises(UsageError, match="takes sketches of 32 pixels"):
        Evaluator([TINT], data=data, backbone=backbone_file, protocol=SMALL)


def test_photos_are_compared_at_a_smaller_side_where_asked(evaluator: Callable) -> None:
    """Averaged to half the side, both of them: LPIPS by hand of the same photos made small."""
    half = evolve(SMALL, size=SIZE // 2)
    asked = evaluator(TINT, protocol=half)
    scores = {score.level: score for score in asked.run().scores}
    full = {score.level: score for score in evaluator(TINT).run().scores}
    assert f"compared at {SIZE // 2} pixels" in asked.text and f"compared at {SIZE} pixels" in evaluator(TINT).text
    assert scores["clean"].lpips != full["clean"].lpips and scores["clean"].ssim != full["clean"].ssim
    faces = HeldOut(asked.held.data, half)
    made = tint()(faces.sketches("clean", sorted(faces.paired)).float() / 255)
    small = [
        torch.nn.functional.adaptive_avg_pool2d(one, SIZE // 2) for one in (made, faces.photos(sorted(faces.paired)))
    ]
    by_hand = LpipsSqueeze(backbone=asked.backbone)(*small).mean()
    assert scores["clean"].lpips == pytest.approx(float(by_hand), rel=1e-4)


def test_photos_smaller_than_what_is_compared_are_refused(data: Path, backbone_file: Path, loads: list) -> None:
    with pytest.raises(UsageError, match=f"makes photos of {SIZE} pixels"):
        Evaluator([TINT], data=data, backbone=backbone_file, protocol=evolve(SMALL, size=2 * SIZE))


def test_an_unknown_level_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="Did you mean 'rough'"):
        Protocol(levels=("rogh",))


def test_the_table_says_how_far_a_method_falls_off() -> None:
    def score(method: str, level: str, lpips: float) -> Score:
        return Score(
            method=method, model=method, weights={}, options={}, level=level, lpips=lpips, ssim=0.5, fid=10.0, n=5,
            paired=3, seconds=1.0, protocol="the protocol",
        )  # fmt: skip

    scores = [score("a", "clean", 0.2), score("a", "very rough", 0.25), score("b", "clean", 0.1),
              score("b", "very rough", 0.4)]  # fmt: skip
    table = Evaluation(scores=scores, protocol="the protocol").to_markdown()
    first, second = table.splitlines()[2:4]
    assert first.startswith("| a | 0.200 |")
    assert first.endswith("| **0.050** |")
    assert second.startswith("| b | **0.100** |")
    assert second.endswith("| 0.300 |")
    assert "the protocol" in table


def test_the_sheet_shows_sketch_methods_and_truth(evaluator: Callable[..., Evaluator]) -> None:
    two = evaluator(TINT, evolve(TINT, label="dark", options=("red=0",))).sheet(count=3, cell=32)
    one = evaluator(TINT).sheet(count=3, cell=32)
    assert two.width - one.width == 34  # one column more
    assert two.height == one.height > 6 * 32  # three faces at two levels


def test_the_command_writes_tables_and_a_sheet(
    data: Path, gallery: Path, backbone_file: Path, loads: list, tmp_path: Path
) -> None:
    answer = eval_command(
        ["Ours=acme?red=0.9", "nearest"], data=data, gallery=gallery, backbone=backbone_file, count=N, paired=2,
        levels="rough, clean", batch=3, out=tmp_path / "out", sheet=tmp_path / "sheet.png", sheet_count=2,
    )  # fmt: skip
    assert [(row["method"], row["level"]) for row in answer.data["rows"]] == [
        ("Ours", "clean"), ("Ours", "rough"), ("nearest", "clean"), ("nearest", "rough"),
    ]  # fmt: skip
    assert answer.data == json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert Image.open(tmp_path / "sheet.png").mode == "RGB"


def test_the_command_refuses_a_sheet_of_unknown_format_first(data: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"sheet\.xyz"):
        eval_command(["acme"], data=data, sheet=tmp_path / "sheet.xyz")


def test_the_verb_answers_json(data: Path, backbone_file: Path, loads: list) -> None:
    app = typer.Typer()
    app.command()(output.verb(eval_command))
    words = ["acme", "--data", str(data), "--backbone", str(backbone_file), "-n", str(N), "--levels", "clean", "--json"]
    answer = CliRunner().invoke(app, words, catch_exceptions=False, standalone_mode=False)
    assert [row["level"] for row in json.loads(answer.stdout)["rows"]] == ["clean"]
    shown = CliRunner().invoke(app, words[:-1], catch_exceptions=False, standalone_mode=False)
    assert shown.stdout.startswith("| method | clean: LPIPS ↓ |")


def test_the_verb_imports_no_torch() -> None:
    code = "import sys; import s2pzoo.cli.evaluate, s2pzoo.evaluate.methods; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
