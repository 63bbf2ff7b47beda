"""Make the bundles of the hybrids, and the picture of one:

    python tools/cards/hybrids.py bundle coloured-face --metrics runs/rows.json
    python tools/cards/hybrids.py sheet examples/sketches/faces docs/images/coloured-face.png

The first composes `plugins/hybrids/s2pzoo_hybrids/compositions/NAME.toml` by name, with rows of metrics (JSON). The
second shows our own drawings in the colours of photos that our networks made of others.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from PIL import Image

import s2pzoo
from s2pzoo.imaging.sheet import contact_sheet
from s2pzoo.imaging.write import write_image
from s2pzoo.pipeline.inputs import to_images

PACKAGE = Path(__file__).parents[2] / "plugins/hybrids/s2pzoo_hybrids"
SHOWN = ("woman_bob_fringe", "man_side_parting", "woman_long_hair", "man_older", "marker_woman")
TRAITS = ({"skin": 0.5}, {"skin": -0.6}, {"age": 0.6})
COLOURS = ("peru", "steelblue")


def bundle(name: str, metrics: Path) -> None:
    """Write weights/NAME."""
    pipeline = s2pzoo.compose(PACKAGE / "compositions" / f"{name}.toml")
    rows = [{"method": pipeline.model.name, **row} for row in json.loads(metrics.read_text())]
    folder = PACKAGE / "weights" / name
    pipeline.save(folder, by_name=True, dtype="float16", metadata={"metrics": rows}, overwrite=True)
    (folder / ".s2pzoo").unlink(missing_ok=True)


@torch.no_grad()
def sheet(drawings: Path, *, cell: int = 150) -> Image.Image:
    """A row a drawing: DeepFaceDrawing, no reference, three references with what comes of them, two colours."""
    model = s2pzoo.load("hybrids.coloured-face")
    content = model.components["content"]
    sketches = [model.read(next(drawings.glob(f"{name}.*"))).tensor for name in SHOWN]
    rows = []
    for index, sketch in enumerate(sketches):
        made = model.execute({"sketch": sketch}, ["photo", "gray", "photo_2"])
        row = [sketch, made["photo"], made["photo_2"]]
        for step, traits in enumerate(TRAITS, 1):
            other = sketches[(index + step) % len(sketches)]
            reference = model.execute({"sketch": other}, ["photo"], traits=traits)["photo"]
            row += [reference, content(gray=made["gray"], reference=reference)]
        row += [content(gray=made["gray"], colour=colour) for colour in COLOURS]
        rows.append([to_images(one)[0] for one in row])
    names = ["sketch", "DeepFaceDrawing", "no reference", *["reference", "with it"] * len(TRAITS), *COLOURS]
    return contact_sheet(rows, names, cell=cell)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    one = verbs.add_parser("bundle")
    one.add_argument("name")
    one.add_argument("--metrics", type=Path, required=True)
    two = verbs.add_parser("sheet")
    two.add_argument("drawings", type=Path)
    two.add_argument("out", type=Path)
    arguments = parser.parse_args()
    if arguments.verb == "bundle":
        bundle(arguments.name, arguments.metrics)
    else:
        write_image(sheet(arguments.drawings), arguments.out)


if __name__ == "__main__":
    main()
