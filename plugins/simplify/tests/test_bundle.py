"""simplify.light: what its weights do to drawings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from s2pzoo_simplify.simplify import rough_and_clean, scribble
from scipy.ndimage import binary_dilation

import s2pzoo
from s2pzoo.imaging.rough import draw
from s2pzoo.pipeline.run import Pipeline

CHAIR = [
    np.array(line, np.float32)
    for line in (
        [[0.3, 0.1], [0.3, 0.5], [0.25, 0.9]], [[0.7, 0.1], [0.7, 0.5], [0.75, 0.9]], [[0.3, 0.1], [0.7, 0.1]],
        [[0.3, 0.5], [0.7, 0.5]], [[0.3, 0.5], [0.45, 0.6], [0.85, 0.6], [0.7, 0.5]],
    )
]  # fmt: skip


@pytest.fixture(scope="module")
def model() -> Pipeline:
    return s2pzoo.load("simplify")


def cleaned(model: Pipeline, sketch: np.ndarray) -> np.ndarray:
    made = model.execute({"sketch": torch.from_numpy(sketch.astype(np.float32))[None, None]}, ["clean_sketch"])
    return made["clean_sketch"][0, 0].numpy()


def near(ink: np.ndarray, reach: int) -> np.ndarray:
    return np.asarray(binary_dilation(ink, iterations=reach), np.bool_)


def test_rough_lines_become_clean_ones(model: Pipeline) -> None:
    for seed in range(6):
        rough, clean = rough_and_clean(CHAIR, np.random.default_rng(seed), size=256)
        made = cleaned(model, rough)
        lines = clean < 0.5
        assert (made < 0.6)[near(lines, 3)].sum() > 0.8 * (made < 0.6).sum()
        assert near(made < 0.6, 3)[lines].mean() > 0.85


def test_hatching_goes_and_the_lines_stay(model: Pipeline) -> None:
    clean = draw([line * 256 for line in CHAIR], size=256, width=1.5)
    rng = np.random.default_rng(3)
    marks = [one for one in (scribble(rng, size=256) for _ in range(40)) if len(one) > 15][:3]
    noise = draw(marks, size=256, width=1.0, ink=0.5)
    alone = (noise < 0.9) & ~near(clean < 0.9, 8)
    made = cleaned(model, clean * noise)
    assert alone.sum() > 300 and (1 - made)[alone].sum() < 0.5 * (1 - noise)[alone].sum()
    assert near(made < 0.6, 3)[clean < 0.5].mean() > 0.85


def test_an_empty_sheet_stays_empty(model: Pipeline) -> None:
    assert cleaned(model, np.ones((128, 128))).min() > 0.8


@pytest.mark.parametrize("size", [128, 256])
def test_it_goes_in_front_of_any_model(size: int) -> None:
    name = {128: "ups", 256: "deepfacedrawing"}[size]
    both = s2pzoo.compose(["simplify", name], size=size)
    sketch = torch.from_numpy(draw([line * size for line in CHAIR], size=size, frame=size))[None, None]
    assert both.execute({"sketch": sketch}, ["photo"])["photo"].isfinite().all()


def test_clean_is_a_verb(model: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import Image

    from s2pzoo.cli.app import run

    monkeypatch.chdir(tmp_path)
    Image.fromarray((255 * draw([line * 256 for line in CHAIR], size=256)).astype(np.uint8)).save("chair.png")
    assert run(["clean", "chair.png", "-o", "out"]) == 0
    (made,) = (tmp_path / "out").iterdir()
    with Image.open(made) as picture:
        assert (picture.size == (256, 256) and picture.info.get("s2pzoo", "")) or picture.info
