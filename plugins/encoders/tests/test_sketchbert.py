"""Sketch-BERT: what it takes and gives, its numbers, the gestalt task."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from s2pzoo_encoders.config import SIZES, SketchBERTConfig, SketchBERTSmallConfig
from s2pzoo_encoders.example import gestalt
from s2pzoo_encoders.sketchbert import BOX, SketchBERT, boxed, drawn, laid_out, masked, objective

import s2pzoo
from s2pzoo.data.lines import lines_of, moved
from s2pzoo.errors import DataError
from s2pzoo.imaging.read import read_sketch
from s2pzoo.imaging.sequence import padded, to_sequence, traced
from s2pzoo.train.loop import train

LINES = [np.array([[0.1, 0.2], [0.5, 0.2], [0.5, 0.7]]), np.array([[0.3, 0.9], [0.9, 0.9]])]
SEQUENCE = to_sequence(LINES)
CHAIRS = Path(__file__).resolve().parents[3] / "examples/sketches/chairs"


def millions(module: torch.nn.Module) -> float:
    return round(sum(parameter.numel() for parameter in module.parameters()) / 1e6, 2)


def test_the_papers_layer_is_shared_and_has_its_parameters() -> None:
    with torch.device("meta"):
        network = SketchBERT(SIZES["paper"])
    assert len(network.layers) == 1 and millions(network.layers[0]) == 7.09
    assert (millions(network.refine), millions(network.head)) == (0.56, 0.56)


def test_the_small_one_fits_into_a_bundle() -> None:
    assert millions(SketchBERT(SIZES["small"])) * 2 < 16


def test_it_gives_a_latent_tokens_and_a_map() -> None:
    network = SketchBERT(SketchBERTSmallConfig(layers=1)).eval()
    made = network(strokes=torch.from_numpy(padded([SEQUENCE, SEQUENCE[3:]])))
    assert made["latent"].shape == (2, 256) and made["tokens"].shape == (2, 160, 256)
    assert made["features"].shape == (2, 256, 32, 32)


def test_the_latent_is_of_the_layer_that_is_asked_for() -> None:
    networks = [SketchBERT(SketchBERTSmallConfig(layers=2, pooled=pooled)).eval() for pooled in (1, 2, 0)]
    for other in networks[1:]:
        other.load_state_dict(networks[0].state_dict())
    first, second, last = (network(strokes=torch.from_numpy(SEQUENCE[None])) for network in networks)
    assert not torch.equal(first["latent"], second["latent"]) and torch.equal(second["latent"], last["latent"])
    assert torch.equal(first["tokens"], last["tokens"])


def test_the_bundled_one_finds_hidden_points_of_our_drawings_better_than_an_untrained_one() -> None:
    trained = cast(SketchBERT, s2pzoo.load("encoders.sketchbert-small").components["encoder"])
    torch.random.manual_seed(0)
    sequences = [traced(read_sketch(file, size=256).ink, longest=160) for file in sorted(CHAIRS.iterdir())[:6]]
    strokes = torch.from_numpy(padded(sequences))
    unknown = torch.zeros_like(strokes, dtype=torch.bool)
    for row, one in zip(unknown, sequences, strict=True):
        row[: len(one)] = torch.from_numpy(masked(one, np.random.default_rng(0), share=0.15))
    points = boxed(strokes)
    trained_off, untrained_off = (
        float(objective(network.recover(points, unknown), points, unknown)["points"])
        for network in (trained, SketchBERT(trained.config).eval())
    )
    assert trained_off < 0.8 * untrained_off, (trained_off, untrained_off)


def test_rows_after_the_end_change_nothing() -> None:
    network = SketchBERT(SketchBERTSmallConfig(layers=2)).eval()
    alone = network(strokes=torch.from_numpy(SEQUENCE[None]))
    beside = network(strokes=torch.from_numpy(padded([SEQUENCE, np.tile(SEQUENCE[:3], (9, 1))])[:1]))
    for name in ("latent", "features"):
        assert torch.allclose(alone[name], beside[name], atol=1e-5), name


def test_more_points_than_it_takes_are_cut() -> None:
    network = SketchBERT(SketchBERTSmallConfig(layers=1, longest=4)).eval()
    assert network(strokes=torch.from_numpy(SEQUENCE[None]))["tokens"].shape[1] == 4


def test_offsets_are_in_tenths_of_the_box() -> None:
    place = boxed(torch.from_numpy(SEQUENCE[None]))[0, :5, :2].cumsum(0)
    assert torch.allclose(place.amax(0) - place.amin(0), torch.full((2,), BOX), atol=1e-4)


@pytest.mark.parametrize("lines", [[], [np.array([[0.5, 0.5], [0.5, 0.5]])]])
def test_nothing_and_a_dot_are_drawings_too(lines: list[np.ndarray]) -> None:
    made = SketchBERT(SketchBERTSmallConfig(layers=1)).eval()(strokes=torch.from_numpy(to_sequence(lines)[None]))
    assert all(torch.isfinite(value).all() for value in made.values())


def test_the_map_has_tokens_where_lines_are_and_nothing_elsewhere() -> None:
    tokens = torch.ones(1, len(SEQUENCE), 3)
    found = laid_out(tokens, torch.from_numpy(SEQUENCE[None]), grid=10)[0, 0]
    assert found[2, 1:6].tolist() == [1.0] * 5  # along the whole of the first line
    assert found[9, 3:10].tolist() == [1.0] * 7
    assert found[:2].sum() == 0 and found[8].sum() == 0  # and not between two strokes


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(2, 9), min_size=1, max_size=8), st.integers(0, 2**31))
def test_a_share_of_each_group_is_hidden_and_always_the_end(lengths: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    sequence = to_sequence([rng.random((length, 2)) for length in lengths])
    hidden = masked(sequence, rng, share=0.15)
    assert (hidden[:, 0] == hidden[:, 1]).all() and (hidden[:, 2] == hidden[:, 4]).all()
    assert hidden[-1].tolist() == [False, False, True, True, True]
    starts = np.cumsum([0, *lengths[:-1]])
    assert hidden[starts, 0].sum() == max(1, round(0.15 * len(lengths)))
    assert hidden[:-1, 0].sum() == hidden[starts, 0].sum() + max(1, round(0.15 * (sum(lengths) - len(lengths))))


def test_what_is_hidden_cannot_be_seen() -> None:
    network = SketchBERT(SketchBERTSmallConfig(layers=1)).eval()
    points, unknown = boxed(torch.from_numpy(SEQUENCE[None])), torch.zeros(1, 6, 5, dtype=torch.bool)
    unknown[0, 2, :2] = True
    other = points.clone()
    other[0, 2, :2] += 5
    assert torch.equal(network.recover(points, unknown), network.recover(other, unknown))


def test_the_objective_counts_what_is_hidden_alone() -> None:
    points, unknown = boxed(torch.from_numpy(SEQUENCE[None])), torch.zeros(1, 6, 5, dtype=torch.bool)
    unknown[0, 1, :2] = unknown[0, 2, 2:] = True
    wrong = points.clone()
    wrong[0, 4:] += 100
    assert objective(wrong, points, unknown)["points"] == 0
    wrong[0, 1, 0] += 0.5
    assert objective(wrong, points, unknown)["points"].item() == pytest.approx(0.5)


def test_it_learns_the_gestalt_of_a_few_drawings(tmp_path: Path) -> None:
    """Fifty steps bring the error of hidden places down."""
    overrides = [*gestalt(tmp_path), "schedule.steps=50", "schedule.warmup=5", "schedule.lr=1e-3", "log_every=1"]
    overrides += ["schedule.minutes=0", "schedule.accelerator=cpu", "data.turn=0", "data.scale=0", "data.shuffled=0"]
    train("encoders/gestalt", tmp_path, tmp_path / "out", overrides=overrides, progress=False)
    losses = [json.loads(line)["losses"] for line in (tmp_path / "out" / "metrics.jsonl").read_text().splitlines()]
    first, last = (np.mean([one["points"] for one in part]) for part in (losses[:8], losses[-8:]))
    assert last < 0.9 * first
    model = s2pzoo.load(tmp_path / "out")
    made = model.execute({"sketch": torch.ones(1, 1, 256, 256)}, ["latent"])["latent"]
    assert made.shape == (1, 256)


def test_drawings_come_from_ndjson_and_from_pictures(tmp_path: Path) -> None:
    line = {"word": "chair", "drawing": [[[0, 255, 255], [0, 0, 255]], [[10, 60], [90, 90]]]}
    (tmp_path / "chairs.ndjson").write_text(f"{json.dumps(line)}\n{json.dumps(line)}\n")
    gestalt(tmp_path)
    found = lines_of(tmp_path, longest=160)
    pictures = len(list((tmp_path / "things" / "sketch").iterdir())) + len(
        list((tmp_path / "things" / "photo").iterdir())
    )
    assert len(found) == 2 + pictures and [len(one) for one in found[0]] == [3, 2]
    assert all(np.allclose(a, b, atol=1e-6) for a, b in zip(found[0], lines_of(tmp_path, longest=160)[0], strict=True))
    (kept,) = tmp_path.glob("sequences160-*.npz")
    (tmp_path / "carried").mkdir()
    kept.rename(tmp_path / "carried" / kept.name)
    assert len(lines_of(tmp_path / "carried", longest=160)) == len(found)


def test_a_folder_without_drawings_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no drawing"):
        lines_of(tmp_path, longest=160)


def test_varied_drawings_keep_their_points_and_their_size() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        changed = moved(LINES, rng, turn=10, scale=0.1, shuffled=1.0)
        assert sorted(map(len, changed)) == [2, 3]
        box = np.ptp(np.concatenate(changed), axis=0)
        assert (box > 0.55).all() and (box < 1.1).all()


def test_drawn_rows_end_with_the_first_that_is_over() -> None:
    assert drawn(torch.from_numpy(padded([SEQUENCE, SEQUENCE[:0].reshape(0, 5)]))).sum(1).tolist() == [6, 1]


def test_a_training_may_begin_with_a_trained_one(tmp_path: Path) -> None:
    overrides = [*gestalt(tmp_path), "schedule.steps=1", "schedule.minutes=0", "schedule.accelerator=cpu"]
    train("encoders/gestalt", tmp_path, tmp_path / "out", overrides=overrides, progress=False)
    network = SketchBERT(SketchBERTSmallConfig(start=str(tmp_path / "out")))
    network.at_start()
    trained = s2pzoo.load(tmp_path / "out").components["encoder"].state_dict()
    assert torch.allclose(network.point.weight, trained["point.weight"], atol=1e-3) and network.origin


def test_its_ports_are_as_its_config_says() -> None:
    ports = SketchBERTConfig(hidden=96, heads=4, grid=8).ports()
    assert (ports.gives["latent"].dim, ports.gives["features"].channels, ports.gives["features"].size) == (96, 96, 8)
