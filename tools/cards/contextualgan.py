"""Make the pictures and the table of the weights' card:

    python tools/cards/contextualgan.py examples/sketches/faces --metrics runs/eval-cgan/*/metrics.json
    python tools/cards/contextualgan.py --truth data/corpus/test256 --out out/cgan-truth.png

The first writes samples of the joint distribution, the sheets of drawings and of completions, and the table into the
bundle. The second makes the sheet of drawings of a corpus, with the true photos and their drawings by the model, for
looking: it holds the data's pictures and is never committed.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from tables import face_rows
from torch import Tensor

import s2pzoo
from s2pzoo.data.dataset import open_dataset
from s2pzoo.imaging.pixels import picture
from s2pzoo.imaging.read import read_sketch
from s2pzoo.imaging.rough import LEVELS
from s2pzoo.imaging.sheet import contact_sheet
from s2pzoo.imaging.write import write_image
from s2pzoo.pipeline.inputs import to_images
from s2pzoo.pipeline.run import Pipeline
from s2pzoo.weights.bundle import amend_bundle

BUNDLE = Path(__file__).parents[2] / "plugins/contextualgan/s2pzoo_contextualgan/weights" / "faces64"
PICTURES = SAMPLES, DRAWINGS, COMPLETED = "samples.png", "drawings.png", "completed.png"
STEPS = (0, 10, 20, 40)
ENOUGH = 500  # photos for FID
COLUMNS = ["sketch", *(f"step {step}" for step in STEPS), "its sketch", "photo drawn"]
HOLES = {"mouth": (slice(40, 52), slice(22, 42)), "half": (slice(0, 64), slice(32, 64))}  # of 64 x 64 pixels


def samples_sheet(model: Pipeline, *, rows: int = 4, across: int = 6, cell: int = 96) -> Image.Image:
    """Sketches and photos of random z, side by side."""
    projection: Any = model.components["projection"]
    made = projection.generator(latent=_draws(model, rows * across))
    pairs = zip(to_images(made["sketch"]), to_images(made["photo"]), strict=True)
    cells = [picture for pair in pairs for picture in pair]
    return contact_sheet([cells[i : i + 2 * across] for i in range(0, len(cells), 2 * across)], cell=cell)


def drawings_sheet(model: Pipeline, sketches: list[Image.Image], *, cell: int = 128) -> Image.Image:
    """A row a drawing: the photo as the search goes on, the sketch that G makes with it, and the other direction: the
    sketch that a second search finds for that photo alone."""
    return contact_sheet([_row(model, sketch) for sketch in sketches], COLUMNS, cell=cell)


def completed_sheet(model: Pipeline, sketches: list[Image.Image], *, cell: int = 128) -> Image.Image:
    """A row a drawing: its photo, the photo with each of `HOLES`, and each filled."""
    photos = torch.cat([model.run(sketch, keep=True).values["photo"] for sketch in sketches])
    columns = [to_images(photos)]
    for down, right in HOLES.values():
        hole = torch.zeros_like(photos[:, :1])
        hole[..., down, right] = 1
        columns += [to_images(photos * (1 - hole) + hole), to_images(model.complete(photos, hole))]
    headers = ["photo", *(title for name in HOLES for title in (f"no {name}", f"{name} filled"))]
    return contact_sheet([list(row) for row in zip(*columns, strict=True)], headers, cell=cell)


def truth_sheet(model: Pipeline, folder: Path, *, count: int = 12, cell: int = 128) -> Image.Image:
    """The same of the faces of a corpus, at rising roughness, with the true photo and its drawing by the model."""
    corpus, rng, rows = open_dataset(folder), np.random.default_rng(0), []
    for row, index in enumerate(np.linspace(0, len(corpus) - 1, count).astype(int)):
        sketch = picture(corpus.sketch(int(index), rng, level=list(LEVELS)[row * len(LEVELS) // count]))
        truth = picture(corpus.photo(int(index)))
        small = torch.from_numpy(np.asarray(truth.resize((64, 64), Image.Resampling.BOX), np.float32) / 255)
        back = to_images(model.sketch(small.permute(2, 0, 1)[None]))[0]
        rows.append([*_row(model, sketch), truth, back])
    return contact_sheet(rows, [*COLUMNS, "truth", "truth drawn"], cell=cell)


def _row(model: Pipeline, sketch: Image.Image) -> list[Image.Image]:
    """The pictures of `COLUMNS`; a search that ends early stays as it is."""
    seen: dict[int, Tensor] = {}
    projection: Any = model.components["projection"]
    projection.watch = lambda step, z, _losses: seen.__setitem__(step, z.clone())
    values = model.run(sketch, keep=True).values
    projection.watch = None
    z = torch.cat([seen[min(step, max(seen))] for step in STEPS])
    photos = projection.generator(latent=z)["photo"]
    return [sketch, *to_images(photos), *to_images(values["drawn"]), *to_images(model.sketch(photos[-1:]))]


def _rows(metrics: str) -> list[dict[str, Any]]:
    """Those of the card; FID only of enough photos to mean something."""
    rows = face_rows(metrics)
    return [{k: v for k, v in row.items() if k != "FID-squeeze" or row["n"] >= ENOUGH} for row in rows]


def _draws(model: Pipeline, count: int) -> Tensor:
    latent = model.model.step("projection").config.generator.latent
    return torch.randn(count, latent, generator=torch.Generator().manual_seed(0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("drawings", type=Path, nargs="?", help="a folder of drawings: write the pictures")
    parser.add_argument("--metrics", nargs="+", help="[FACES=]metrics.json of `s2pzoo eval`, for the card's table")
    parser.add_argument("--truth", type=Path, help="a face corpus: make the sheet with true photos")
    parser.add_argument("--out", type=Path, default=Path("out/cgan-truth.png"), help="where that sheet goes")
    arguments = parser.parse_args()
    model = s2pzoo.load("contextualgan", weights=BUNDLE)
    if arguments.truth:
        write_image(truth_sheet(model, arguments.truth), arguments.out)
    if arguments.drawings:
        found = sorted(arguments.drawings.glob("*.*"))
        sketches = [picture(read_sketch(path, size=256, fit=path.name.startswith("off_centre")).ink) for path in found]
        write_image(samples_sheet(model), BUNDLE / SAMPLES)
        write_image(drawings_sheet(model, sketches), BUNDLE / DRAWINGS)
        write_image(completed_sheet(model, sketches[::3]), BUNDLE / COMPLETED)
        amend_bundle(BUNDLE, about={}, files={name: BUNDLE / name for name in PICTURES})
    if arguments.metrics:
        amend_bundle(BUNDLE, about={"metrics": [row for file in arguments.metrics for row in _rows(file)]})


if __name__ == "__main__":
    main()
