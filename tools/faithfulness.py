"""How literally a model takes a drawing as `faithfulness` rises from 0 to 1, for docs/compose.md:

    python tools/faithfulness.py deepfacedrawing contextualgan --drawings examples/sketches/faces [--corpus CORPUS]

For each drawing, what the model itself makes a drawing of it again (DeepFaceDrawing's refined sketch, the sketch half
of Contextual GAN's picture, T' of UPS), and the lines that a filter finds in the photo, are compared with what was
drawn: half the L1 distance of both inks, blurred by 2 of 128 pixels and divided by their sums, 0 alike to 1. Told: the
means at each faithfulness, and for how many drawings they nowhere rise by more than .005. `--corpus` adds drawings of a
face corpus, at every roughness. `--sheet` shows the first drawings, and their photos at each faithfulness.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track
from scipy.ndimage import gaussian_filter

import s2pzoo
from s2pzoo.data.dataset import evenly, open_dataset
from s2pzoo.imaging.edges import photocopy
from s2pzoo.imaging.rough import LEVELS
from s2pzoo.nn.adapters import resized
from s2pzoo.train.sheet import sheet

STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)
SLACK = 0.005


AGAIN = ("refined_sketch", "drawn", "clean_sketch")
"""Values that are a model's own drawing of what it made."""


def distance(found: NDArray[np.float32], sketch: torch.Tensor) -> float:
    """Of what is drawn (1,S,S) to another drawing (s,s), 0 to 1; at the other's size."""
    drawn = resized(sketch[None], len(found))[0, 0].numpy()
    return float(np.abs(_inked(found) - _inked(drawn)).sum() / 2)


def _inked(sketch: NDArray[np.float32]) -> NDArray[np.floating]:
    ink = gaussian_filter(1 - sketch, 2 * len(sketch) / 128)
    return ink / max(float(ink.sum()), 1e-6)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--drawings", type=Path, required=True)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--count", type=int, default=24, help="of its drawings")
    parser.add_argument("--sheet", type=Path, help="a picture of the first drawings of the last model")
    parser.add_argument("--rows", type=int, default=4, help="on it")
    arguments = parser.parse_args()
    for name in arguments.models:
        model = s2pzoo.load(name)
        sketches = [model.read(path).tensor[0] for path in sorted(arguments.drawings.glob("*.*"))]
        if arguments.corpus:
            faces, rng = open_dataset(arguments.corpus), np.random.default_rng(0)
            for index in evenly(len(faces), arguments.count):
                level = list(LEVELS)[index % len(LEVELS)]
                sketches.append(torch.from_numpy(faces.sketch(int(index), rng, level=level))[None])
        again = next(value for value in AGAIN if value in model.model.values)
        rows, shown = [], []
        for sketch in track(sketches, description=name):
            made = [model.execute({"sketch": sketch[None]}, [again, "photo"], faithfulness=f) for f in STEPS]
            shown.append([sketch[None], *(one["photo"] for one in made)])
            lines = [photocopy(one["photo"][0].permute(1, 2, 0).numpy()) for one in made]
            own = [one[again][0, 0].numpy() for one in made]
            rows.append([[distance(found, sketch) for found in drawings] for drawings in (own, lines)])
        table = np.array(rows)
        falls = (np.diff(table, axis=2) <= SLACK).all(2).mean(0)
        for what, means, share in zip((again, "lines of the photo"), table.mean(0), falls, strict=True):
            told = ", ".join(f"{mean:.3f}" for mean in means)
            print(f"{name}, {what}: {told}; falls for {share:.1%} of {len(table)}")
        if arguments.sheet:
            columns = [torch.cat(column) for column in zip(*shown[: arguments.rows], strict=True)]
            titles = ("drawing", *(f"faithfulness {f}" for f in STEPS))
            sheet(dict(zip(titles, columns, strict=True)), cell=128).save(arguments.sheet, optimize=True)


if __name__ == "__main__":
    main()
