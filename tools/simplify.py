"""What simplification does to rough drawings, for its card:

    python tools/simplify.py BUNDLE --drawings DATA/test [--write]
    python tools/simplify.py BUNDLE --sheet examples/sketches docs/images/simplify.png

Clean drawings of a folder are drawn over by the simulated hand of the training. `off`: the mean difference from the
clean drawing. Of the ink of a picture, precision is the share that lies within 2 pixels of a clean line; recall the
share of the clean lines that have ink within 2 pixels. Of hatching over the clean drawing (20 to 29 strokes to and
fro), the share of its ink that is left where no line is near. `--write` puts the figures into the bundle. The second
makes the sheet of our own drawings, as they are and cleaned.
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
from s2pzoo_simplify.simplify import rough_and_clean, scribble
from scipy.ndimage import binary_dilation

import s2pzoo
from s2pzoo.data.lines import lines_of
from s2pzoo.imaging.rough import draw
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


def near(ink: NDArray[np.float32], *, reach: int = NEAR) -> NDArray[np.bool_]:
    """Where there is ink (S,S) within so many pixels."""
    return np.asarray(binary_dilation(ink > INK, iterations=reach), np.bool_)


def shares(made: NDArray[np.float32], clean: NDArray[np.float32]) -> tuple[float, float]:
    """Precision and recall of a picture's ink against that of the clean one, both (S,S), 1 is ink."""
    made = np.where(made > INK, made, 0)
    precision = float((made * near(clean)).sum() / max(float(made.sum()), 1e-6))
    return precision, float((clean * near(made)).sum() / max(float(clean.sum()), 1e-6))


def measured(model: Any, drawings: Path) -> dict[str, float]:
    """The figures over all drawings of a folder."""

    def made_of(sketch: NDArray[np.float32]) -> NDArray[np.float32]:
        given = torch.from_numpy(sketch.astype(np.float32))[None, None]
        return model.execute({"sketch": given}, ["clean_sketch"])["clean_sketch"][0, 0].numpy()

    rows, hatching = [], []
    for index, lines in enumerate(track(lines_of(drawings, longest=2000), description="drawings")):
        rng = np.random.default_rng(index)
        rough, clean = rough_and_clean(lines, rng, size=SIZE)
        inks = [1 - sheet for sheet in (rough, made_of(rough), clean)]
        rows.append([measure for ink in inks[:2] for measure in (np.abs(ink - inks[2]).mean(), *shares(ink, inks[2]))])
        while len(mark := scribble(rng, size=SIZE)) < 20:
            pass
        noise = draw([mark], size=SIZE, ink=0.5)
        alone = (noise < 0.9) & ~near(inks[2], reach=8)
        if alone.sum() > 30:
            hatching.append((1 - made_of(clean * noise))[alone].sum() / (1 - noise)[alone].sum())
    names = [f"{name}{of}" for of in (" of the rough", "") for name in ("off", "precision", "recall")]
    means = dict(zip(names, np.mean(rows, axis=0).round(4).tolist(), strict=True))
    return {**means, "hatching left": round(float(np.mean(hatching)), 4), "n": len(rows)}


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
