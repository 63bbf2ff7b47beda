"""What simplification does to rough drawings, for its card:

    python tools/simplify.py BUNDLE --drawings DATA/test [--write]
    python tools/simplify.py BUNDLE --sheet examples/sketches docs/images/simplify.png

Clean drawings of a folder are drawn over by the simulated hand of the training. Of the ink of a picture, precision is
the share that lies within 2 pixels of a clean line; recall the share of the clean lines that have ink within 2 pixels.
Of scribbles, the share of their ink that is left where no line is near. `--write` puts the figures into the bundle. The
second makes the sheet of our own drawings, as they are and cleaned.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from rich.progress import track
from s2pzoo_simplify.simplify import rough_and_clean
from scipy.ndimage import binary_dilation

import s2pzoo
from s2pzoo.data.lines import lines_of
from s2pzoo.imaging.sheet import contact_sheet
from s2pzoo.imaging.write import write_image
from s2pzoo.pipeline.inputs import to_images
from s2pzoo.weights.bundle import amend_bundle

NEAR, INK = 2, 0.25
SIZE = 256
SHOWN = (
    "faces/overstroked_man", "faces/rough_woman", "faces/rough_man", "faces/marker_woman",
    "chairs/wicker_chair", "chairs/armchair", "shoes/oxford", "shoes/strappy_heel",
)  # fmt: skip


def near(ink: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where there is ink (S,S) within `NEAR` pixels."""
    return np.asarray(binary_dilation(ink > INK, iterations=NEAR))


def shares(made: NDArray[np.float32], clean: NDArray[np.float32]) -> tuple[float, float]:
    """Precision and recall of a picture's ink against that of the clean one, both (S,S), 1 is ink."""
    made = np.where(made > INK, made, 0)
    precision = float((made * near(clean)).sum() / max(float(made.sum()), 1e-6))
    return precision, float((clean * near(made)).sum() / max(float(clean.sum()), 1e-6))


def measured(model: Any, drawings: Path) -> dict[str, float]:
    """The figures over all drawings of a folder."""
    rows, scribbles = [], []
    for index, lines in enumerate(track(lines_of(drawings, longest=2000), description="drawings")):
        rough, clean = rough_and_clean(lines, np.random.default_rng(index), size=SIZE)
        made = model.execute({"sketch": torch.from_numpy(rough)[None, None]}, ["clean_sketch"])["clean_sketch"][0, 0]
        inks = [1 - sheet for sheet in (rough, made.numpy(), clean)]
        rows.append([*shares(inks[0], inks[2]), *shares(inks[1], inks[2])])
        far = ~binary_dilation(inks[2] > INK, iterations=12)
        there = np.where(inks[0] > INK, inks[0], 0) * far
        if there.sum() > 20:
            scribbles.append((np.where(inks[1] > INK, inks[1], 0) * far).sum() / there.sum())
    names = ("precision of the rough", "recall of the rough", "precision", "recall")
    means = dict(zip(names, np.mean(rows, axis=0).round(4).tolist(), strict=True))
    return {**means, "scribbles left": round(float(np.mean(scribbles)), 4), "n": len(rows)}


def sheet(model: Any, drawings: Path) -> Image.Image:
    """Our own drawings above, cleaned below."""
    read = [model.read(next(drawings.glob(f"{name}.*"))).tensor for name in SHOWN]
    made = [model.execute({"sketch": one}, ["clean_sketch"])["clean_sketch"] for one in read]
    return contact_sheet([[to_images(one)[0] for one in row] for row in (read, made)], cell=200)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--drawings", type=Path)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--sheet", type=Path, nargs=2, metavar=("DRAWINGS", "FILE"))
    arguments = parser.parse_args()
    model = s2pzoo.load(arguments.bundle)
    if arguments.drawings:
        found = measured(model, arguments.drawings)
        print(found)
        row = {"method": model.model.name, **found, "protocol": "tools/simplify.py, chairs3d's test lines and faces"}
        if arguments.write:
            amend_bundle(arguments.bundle, about={"metrics": [row]})
    if arguments.sheet:
        write_image(sheet(model, arguments.sheet[0]), arguments.sheet[1])


if __name__ == "__main__":
    main()
