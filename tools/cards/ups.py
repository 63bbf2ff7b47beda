"""Make the pictures of a bundle's card:

    python tools/cards/ups.py ups.shoes128 examples/sketches/shoes --metrics runs/eval/metrics.json
    python tools/cards/ups.py ups.shoes128 examples/sketches/shoes --count 8 --front docs/images/shoes.png
    python tools/cards/ups.py ups.shoes128 COLLECTION/sketch --out out/shoes.png

The first writes the sheet of our own drawings and the tables into the bundle, the second the picture of the README. The
third makes the first's sheet of others, for looking: it holds somebody's drawings and is never committed.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path
from typing import Any, cast

import numpy as np
from PIL import Image
from tables import retrieval_rows, unpaired_rows

import s2pzoo
from s2pzoo.imaging.pixels import picture
from s2pzoo.imaging.read import read_sketch
from s2pzoo.imaging.sheet import contact_sheet
from s2pzoo.imaging.write import write_image
from s2pzoo.pipeline.inputs import to_images
from s2pzoo.pipeline.run import Pipeline
from s2pzoo.weights.bundle import amend_bundle

WEIGHTS = Path(__file__).parents[2] / "plugins/ups/s2pzoo_ups/weights"
PICTURE = "drawings.png"
COLUMNS = ("sketch", "attention", "gray", "photo", "clean sketch")
ASKED: tuple[dict[str, Any], ...] = (
    {"colour": "firebrick"}, {"colour": "seagreen"}, {"colour": "goldenrod"},
    {"tone": 0.25}, {"tone": 0.75, "colour": ""},
)  # fmt: skip
COLOURS = ("sienna", "steelblue", "firebrick", "goldenrod", "seagreen", "slategray", "peru", "indianred")


def front_sheet(model: Pipeline, drawings: list[Path], *, cell: int = 180) -> Image.Image:
    """The drawings above, their photos below, each in another colour."""
    sketches = _read(model, drawings)
    photos = [model(one, colour=colour) for one, colour in zip(sketches, itertools.cycle(COLOURS), strict=False)]
    return contact_sheet([sketches, cast(list[Image.Image], photos)], cell=cell)


def drawings_sheet(model: Pipeline, drawings: list[Path], *, cell: int = 128) -> Image.Image:
    """A row a drawing: what the model makes of it, and its photo in colours and tones that are asked for."""
    asked_for, rows = [asked for asked in ASKED if set(asked) <= set(model.model.options)], []
    for sketch in _read(model, drawings):
        values = model.run(sketch, keep=True).values
        gray, photo = (to_images(values[name])[0] for name in ("gray", "photo"))
        made = [sketch, model.attention(sketch), gray, photo, model.clean(sketch)]
        rows.append(made + [model(sketch, **asked) for asked in asked_for])
    named = [", ".join(f"{name} {value or 'none'}" for name, value in asked.items()) for asked in asked_for]
    return contact_sheet(rows, [*COLUMNS, *named], cell=cell)


def _read(model: Pipeline, drawings: list[Path]) -> list[Image.Image]:
    return [picture(read_sketch(path, size=model.model.size).ink) for path in drawings]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="family.variant")
    parser.add_argument("drawings", type=Path, help="a folder of drawings")
    parser.add_argument("--count", type=int, default=16, help="how many of them at most, evenly spread")
    parser.add_argument("--metrics", type=Path, nargs="*", default=[], help="metrics.json of `s2pzoo eval unpaired`")
    parser.add_argument("--retrieval", type=Path, nargs="*", default=[], help="of `s2pzoo eval retrieval --json`")
    parser.add_argument("--out", type=Path, help="write the sheet there, and nothing into the bundle")
    parser.add_argument("--front", type=Path, help="write drawings and photos alone there, and nothing into the bundle")
    arguments = parser.parse_args()
    model = s2pzoo.load(arguments.model)
    found = sorted(arguments.drawings.glob("*.*"))
    chosen = [found[i] for i in np.unique(np.linspace(0, len(found) - 1, min(arguments.count, len(found))).astype(int))]
    if arguments.front:
        write_image(front_sheet(model, chosen), arguments.front)
        return
    sheet = drawings_sheet(model, chosen)
    if arguments.out:
        write_image(sheet, arguments.out)
    else:
        bundle = WEIGHTS / arguments.model.partition(".")[2]
        write_image(sheet, bundle / PICTURE)
        rows = [row for file in arguments.metrics for row in unpaired_rows(file)]
        rows += [row for file in arguments.retrieval for row in retrieval_rows(file)]
        amend_bundle(bundle, about={"metrics": rows} if rows else {}, files={PICTURE: bundle / PICTURE})


if __name__ == "__main__":
    main()
