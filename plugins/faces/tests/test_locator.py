"""Heads are found in drawings, and brought to the face frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from s2pzoo_faces.config import LocatorConfig
from s2pzoo_faces.frame import FACE
from s2pzoo_faces.locator import Head, Locator, compose, decode, locate, objective, target

import s2pzoo
from s2pzoo.imaging.read import Sketch, read_sketch
from s2pzoo.spec.frame import Found

ROOT = Path(__file__).parents[3]
FACES = sorted(path for path in (ROOT / "examples/sketches/faces").glob("*.svg") if not path.name.startswith("off"))
CASES = ROOT / "tests/fixtures/drawings"
PUPILS = np.array(FACE.points["pupils"]) / FACE.side


def sheet(path: Path, *, part: float = 1.0, turn: float = 0.0, at: tuple[float, float] = (0.5, 0.5)) -> Image.Image:
    """A drawing on a sheet of 768 pixels: how large, how far turned (clockwise), where its middle is."""
    ink = Image.fromarray((read_sketch(path, size=round(768 * part)).ink * 255).astype(np.uint8))
    turned = ink.rotate(-turn, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    picture = Image.new("L", (768, 768), 255)
    picture.paste(turned, (round(768 * at[0] - turned.width / 2), round(768 * at[1] - turned.height / 2)))
    return picture


def placed(picture: Image.Image | Path) -> Sketch:
    return read_sketch(picture, size=256, fit="auto", frame=FACE, locate=locate)


@pytest.mark.parametrize("path", FACES, ids=lambda path: path.stem)
def test_every_face_of_ours_is_found_where_it_is(path: Path) -> None:
    found = locate(read_sketch(path, size=256).ink)
    assert len(found) == 1 and found[0].sure > 0.6
    assert np.abs(np.array(found[0].points) - PUPILS).max() < 0.06


@pytest.mark.parametrize(
    "how",
    [{"part": 0.7}, {"part": 0.5, "at": (0.3, 0.35)}, {"part": 0.75, "turn": 20},
     {"part": 0.7, "turn": -25, "at": (0.6, 0.5)}],
    ids=str,
)  # fmt: skip
def test_a_head_anywhere_is_brought_to_the_face_frame(how: dict) -> None:
    picture = sheet(FACES[0], **how)
    read = placed(picture)
    assert any("brought to the face frame" in note for note in read.notes)
    found = locate(read.ink)
    assert np.abs(np.array(found[0].points) - PUPILS).max() < 0.035


def test_of_a_large_sheet_is_said_what_is_said_of_a_small_one() -> None:
    small = sheet(FACES[0], part=0.5, at=(0.4, 0.6))
    large = placed(small.resize((2304, 2304), Image.Resampling.BICUBIC))
    assert [note[:40] for note in large.notes] == ["brought to the face frame: enlarged to 1"] * len(
        placed(small).notes
    )


def test_of_two_heads_the_larger_is_taken_and_it_is_told() -> None:
    small, large = sheet(FACES[0], part=0.35, at=(0.2, 0.3)), sheet(FACES[1], part=0.55, at=(0.7, 0.6))
    read = placed(Image.fromarray(np.minimum(np.asarray(small), np.asarray(large))))
    assert read.notes[0] == "2 faces found: the largest is taken"
    assert np.abs(np.array(locate(read.ink)[0].points) - PUPILS).max() < 0.04


@pytest.mark.parametrize("name", ["shoes", "chairs"])
def test_what_is_no_head_is_told_and_goes_through(name: str) -> None:
    things = sorted((ROOT / "examples/sketches" / name).glob("*.svg"))
    told = [placed(path).notes for path in things]
    assert sum("no face was found: taken as it lies" in notes for notes in told) >= 0.8 * len(things)


def test_hatching_beside_a_head_is_told() -> None:
    picture = sheet(FACES[0])
    pen = ImageDraw.Draw(picture)
    for x in range(-200, 80, 14):
        pen.line((x, 600, x + 200, 60), fill=40, width=3)
    assert any("beside the face" in note for note in placed(picture).notes)
    assert not any("beside the face" in note for path in FACES for note in placed(path).notes)


def test_hair_that_is_drawn_large_is_not_cut_off() -> None:
    read = placed(CASES / "11-pencil-fringe.png")
    assert read.ink[:2].min() > 0.5


@pytest.mark.parametrize("case", ["09-head-70-percent", "09-head-and-shoulders", "09-head-tilted-20", "09-two-heads"])
def test_strangers_drawings_of_one_face_become_more_alike(case: str) -> None:
    model = s2pzoo.load("deepfacedrawing")
    usual = np.asarray(model(CASES / "21-paper-255.png"), np.float32)
    found, as_it_lies = (
        np.abs(np.asarray(model(CASES / f"{case}.png", fit=fit), np.float32) - usual).mean() for fit in ("auto", False)
    )
    assert found < 0.75 * as_it_lies


def test_a_drawing_may_be_taken_as_it_lies() -> None:
    model = s2pzoo.load("deepfacedrawing")
    assert model.run(CASES / "09-head-70-percent.png", fit=False).notes == ()


# The network and what it learns from


def test_the_network_gives_a_likelihood_and_an_arrow_for_each_cell() -> None:
    heads = Locator(LocatorConfig(widths=(8, 8, 8)))(sketch=torch.rand(2, 1, 128, 128))
    assert heads.shape == (2, 3, 32, 32)
    assert heads[:, 0].min() >= 0 and heads[:, 0].max() <= 1


def head() -> Head:
    return Head(drawing=np.full((64, 64), 255, np.uint8), pupils=PUPILS)


@pytest.mark.parametrize("seed", range(20))
def test_pupils_of_a_sheet_are_left_then_right_and_on_it(seed: int) -> None:
    ink, known = compose([head()], np.random.default_rng(seed), size=64)
    assert ink.shape == (64, 64) and ink.min() >= 0 and ink.max() <= 1
    assert ((known > 0) & (known < 1)).all()
    assert (known[:, 0, 0] < known[:, 1, 0]).all()


def test_what_is_marked_is_what_is_read_again() -> None:
    pair = np.array([[[0.3, 0.42], [0.52, 0.5]]])
    Y, arrow = target(pair, 32)
    assert Y.max() == 1 and Y.shape == (1, 32, 32)
    (found,) = decode(torch.from_numpy(np.concatenate([Y, arrow])))
    assert isinstance(found, Found) and found.sure == 1
    assert np.abs(np.array(found.points) - pair[0]).max() < 1 / 32


def test_the_objective_is_least_for_the_truth() -> None:
    Y, arrow = (torch.from_numpy(one)[None] for one in target(np.array([[[0.3, 0.4], [0.5, 0.4]]]), 16))
    true = objective(torch.cat([(Y == 1).float(), arrow], 1), Y, arrow)
    empty = objective(torch.cat([Y * 0, arrow * 0], 1), Y, arrow)
    assert true["arrow"] == 0 and true["heat"] < 0.05 * empty["heat"]
    assert empty["arrow"] > 0.5
