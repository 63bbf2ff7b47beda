"""The weights in the package, on drawings of the examples and on faces that G itself makes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from s2pzoo_contextualgan.joint import shrink
from s2pzoo_contextualgan.projection import divergence, lines
from torch import Tensor

import s2pzoo
from s2pzoo.cli.app import run
from s2pzoo.imaging.read import read_sketch
from s2pzoo.pipeline.golden import largest_errors
from s2pzoo.pipeline.run import Pipeline
from s2pzoo.weights.bundle import read_bundle

BUNDLE = Path(__file__).parents[1] / "s2pzoo_contextualgan/weights/faces64"
DRAWINGS = Path(__file__).resolve().parents[3] / "examples" / "sketches" / "faces"
MEGABYTE = 2**20


@pytest.fixture(scope="module")
def zoo() -> Pipeline:
    return s2pzoo.load("contextualgan")


@pytest.fixture(scope="module")
def faces(zoo: Pipeline) -> Tensor:
    """(4,3,64,64): faces of drawings, as G makes them."""
    names = ("woman_bob_fringe", "man_beard", "rough_woman", "woman_long_hair")
    return torch.cat([cast(Tensor, zoo(drawing(name), steps=0)) for name in names])


def drawing(name: str) -> Tensor:
    return torch.from_numpy(read_sketch(DRAWINGS / f"{name}.svg", size=256).ink)[None, None]


def misfit(known: Tensor, made: Tensor) -> float:
    """How little of the ink of two drawings lies in the same places, 0 to 1."""
    return divergence(known, made, torch.ones_like(known), kind="tv_ink", direction="input", blur=1.0).item()


def test_it_is_small_and_gives_what_it_gave_when_it_was_written(zoo: Pipeline) -> None:
    bundle = read_bundle(BUNDLE)
    assert sum(file.size for file in bundle.manifest.files.values()) < 32 * MEGABYTE
    assert max(largest_errors(zoo, bundle.golden()).values()) < 1e-2


def test_a_search_follows_the_drawing_better_the_more_faithful_it_is(zoo: Pipeline) -> None:
    for name in ("woman_bob_fringe", "rough_man"):
        known = shrink(drawing(name), 64)
        made = [zoo.run(drawing(name), keep=True, faithfulness=f).values for f in (0.0, 0.25, 0.5, 0.75, 1.0)]
        for drawn in ([one["drawn"] for one in made], [lines(one["photo"]) for one in made]):
            misfits = [misfit(known, one) for one in drawn]
            assert misfits == sorted(misfits, reverse=True)


def test_half_faithful_is_what_it_is_usually(zoo: Pipeline) -> None:
    assert torch.equal(
        cast(Tensor, zoo(drawing("rough_man"), faithfulness=0.5)), cast(Tensor, zoo(drawing("rough_man")))
    )


def test_a_search_leaves_the_photo_as_clean_as_the_initialiser_makes_it(zoo: Pipeline) -> None:
    """Grain is what a photo loses when 2 x 2 pixels are averaged."""
    for name in ("woman_bob_fringe", "man_short_hair", "rough_woman"):
        start, found = (cast(Tensor, zoo(drawing(name), faithfulness=f)) for f in (0.0, 0.5))
        assert grain(found) < 1.2 * grain(start)


def test_a_photo_can_be_drawn_and_the_drawing_gives_such_a_photo(zoo: Pipeline, faces: Tensor) -> None:
    drawn = zoo.sketch(faces)
    again = cast(Tensor, zoo(torch.nn.functional.interpolate(drawn, scale_factor=4)))
    errors = (again[:, None] - faces[None]).abs().flatten(2).mean(2)
    assert (errors.diagonal() < errors.mean(1)).all()


def test_an_erased_mouth_is_drawn_again(zoo: Pipeline, faces: Tensor) -> None:
    mask = torch.zeros(4, 1, 64, 64)
    mask[..., 40:52, 22:42] = 1
    erased = faces * (1 - mask) + 0.5 * mask
    whole = zoo.complete(erased, mask)
    hole = mask.expand_as(faces) > 0
    assert torch.equal(whole[~hole], faces[~hole])
    assert (whole - faces)[hole].abs().mean() < 0.5 * (erased - faces)[hole].abs().mean()


def test_the_command_completes_photos_and_tells_of_a_mask_of_another_size(
    faces: Tensor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A portrait, half of which is missing, and a square that the mask does not fit."""
    square = Image.fromarray((faces[0].permute(1, 2, 0) * 255).byte().numpy())
    portrait, mask = Image.new("RGB", (64, 80), "white"), Image.new("L", (64, 80), 0)
    portrait.paste(square, (0, 8))
    ImageDraw.Draw(mask).rectangle((32, 0, 64, 80), fill=255)
    for name, picture in {"photos/a.png": portrait, "photos/b.png": square, "mask.png": mask}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        picture.save(tmp_path / name)
    folder, out = tmp_path / "photos", tmp_path / "out"
    code = run(["complete", *map(str, (folder, "--mask", tmp_path / "mask.png", "-o", out)), "-O", "steps=2", "--json"])
    done = json.loads(capsys.readouterr().out)
    assert code == 2 and done["model"] == "contextualgan.faces64"
    assert [Path(one["picture"]).name for one in done["photos"]] == ["a.png"]
    assert [Path(one["photo"]).name for one in done["failed"]] == ["b.png"]
    whole, known = (np.asarray(picture.convert("RGB"), int) for picture in (Image.open(out / "a.png"), portrait))
    assert whole.shape == (64, 64, 3)
    assert abs(whole[8:56, 12:30].mean() - known[18:62, 6:28].mean()) < 20  # what was known, 64/80 as large


@pytest.mark.parametrize("ink", [0.0, 1.0], ids=["black", "blank"])
def test_a_drawing_of_one_colour_as_a_tensor_still_gives_a_face(zoo: Pipeline, ink: float) -> None:
    photo = cast(Tensor, zoo(torch.full((1, 1, 256, 256), ink)))
    assert photo.isfinite().all() and photo.min() >= 0 and photo.max() <= 1
    assert grain(photo) < 0.2


def grain(photo: Tensor) -> float:
    coarse = torch.nn.functional.interpolate(torch.nn.functional.avg_pool2d(photo, 2), scale_factor=2)
    return (photo - coarse).square().mean().sqrt().item()
