"""Make the pictures of a bundle's card:

    python tools/cards/ups.py ups.shoes128 examples/sketches/shoes --metrics runs/eval/metrics.json
    python tools/cards/ups.py ups.shoes128 examples/sketches/shoes --count 8 --front docs/images/shoes.png
    python tools/cards/ups.py ups.shoes128 COLLECTION/sketch --out out/shoes.png

The first writes the sheet of our own drawings and the tables into the bundle, the second the picture of the README. The
third makes the first's sheet of others, for looking: it holds somebody's drawings and is never committed. The
references are a photo that the model itself made, tinted.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

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
TINTS = ((0.75, 0.15, 0.12), (0.15, 0.3, 0.75), (0.85, 0.7, 0.25))  # red, blue, yellow
COLUMNS = ("sketch", "attention", "gray", "photo", "clean sketch")


def front_sheet(model: Pipeline, drawings: list[Path], *, cell: int = 180) -> Image.Image:
    """The drawings above, their photos below."""
    sketches = _read(model, drawings)
    return contact_sheet([sketches, cast(list[Image.Image], model(sketches))], cell=cell)


def drawings_sheet(model: Pipeline, drawings: list[Path], *, cell: int = 128) -> Image.Image:
    """A row a drawing: what the model makes of it, and its photo in the colours of three references."""
    sketches = _read(model, drawings)
    photos = cast(list[Image.Image], model(sketches))
    with TemporaryDirectory() as folder:
        references, pictures = [], [_tinted(photos[len(photos) // 2], tint) for tint in TINTS]
        for index, picture in enumerate(pictures):
            references.append(Path(folder) / f"{index}.png")
            write_image(picture, references[-1])
        rows = []
        for sketch, photo in zip(sketches, photos, strict=True):
            gray = to_images(model.run(sketch, keep=True).values["gray"])[0]
            made = [sketch, model.attention(sketch), gray, photo, model.clean(sketch)]
            rows.append(made + model.styles(sketch, references))
    blank = Image.new("L", sketches[0].size, 255)
    head = [blank] * len(COLUMNS) + pictures
    return contact_sheet([head, *rows], [*COLUMNS, "reference 1", "reference 2", "reference 3"], cell=cell)


def _read(model: Pipeline, drawings: list[Path]) -> list[Image.Image]:
    return [picture(read_sketch(path, size=model.model.size).ink) for path in drawings]


def _tinted(photo: Image.Image, tint: tuple[float, float, float]) -> Image.Image:
    """The photo with its shades in one colour, white left white."""
    shade = np.asarray(photo.convert("L"), np.float32)[..., None] / 255
    colour = np.asarray(tint, np.float32)
    share = np.clip((0.95 - shade) / 0.2, 0, 1)
    made = shade * (1 - share) + np.clip(colour * (0.4 + 1.2 * shade), 0, 1) * share
    return Image.fromarray((made * 255 + 0.5).astype(np.uint8))


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
