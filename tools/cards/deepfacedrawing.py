"""Make the pictures and tables of the weights' card:

    python tools/cards/deepfacedrawing.py examples/sketches/faces --metrics "12 people=runs/eval/metrics.json"
    python tools/cards/deepfacedrawing.py examples/sketches/faces --front docs/images/demo.png
    python tools/cards/deepfacedrawing.py examples/sketches/faces --traits docs/images/traits.png
    python tools/cards/deepfacedrawing.py --truth data/corpus/test256 --out out/truth.png

The first writes the sheet of drawings and the table into the bundle, the second the picture of the README, the third
that of docs/deepfacedrawing.md. The last makes the first's sheet of a corpus, with the true photos beside ours, for
looking: it holds the data's pictures and is never committed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image
from tables import face_rows

import s2pzoo
from s2pzoo.data.dataset import open_dataset
from s2pzoo.imaging.pixels import picture
from s2pzoo.imaging.read import read_sketch
from s2pzoo.imaging.rough import LEVELS
from s2pzoo.imaging.sheet import contact_sheet
from s2pzoo.imaging.write import write_image
from s2pzoo.pipeline.run import Pipeline
from s2pzoo.weights.bundle import amend_bundle

BUNDLE = Path(__file__).parents[2] / "plugins/deepfacedrawing/s2pzoo_deepfacedrawing/weights" / "faces256"
PICTURE = "drawings.png"
FRONT = [
    "man_beard", "marker_woman", "man_side_parting", "no_mouth_woman", "rough_man", "woman_bob_fringe",
    "man_curly_hair", "woman_long_hair",
]  # fmt: skip
COLUMNS = ["sketch", "shadow", "refined sketch", "photo"]


def drawings_sheet(folder: Path, *, cell: int = 160, across: int = 2) -> Image.Image:
    """sketch | shadow | refined sketch | photo of every drawing in a folder, `across` drawings a row.

    The off-centre one is fitted to the face frame.
    """
    model = _model()
    sketches = [_drawing(path, model.model.size) for path in sorted(folder.glob("*.*"))]
    cells = [picture for sketch in sketches for picture in _row(model, sketch)]
    width = across * len(COLUMNS)
    return contact_sheet([cells[i : i + width] for i in range(0, len(cells), width)], COLUMNS * across, cell=cell)


def front_sheet(folder: Path, *, cell: int = 180) -> Image.Image:
    """Some drawings above, their photos below."""
    model = _model()
    sketches = [_drawing(next(folder.glob(f"{name}.*")), model.model.size) for name in FRONT]
    return contact_sheet([sketches, [model(sketch) for sketch in sketches]], cell=cell)


def traits_sheet(folder: Path, *, cell: int = 150) -> Image.Image:
    """Two drawings, a row for each trait from one end to the other."""
    model, ends = _model(), (-1, -0.5, 0, 0.5, 1)
    rows = []
    for name in ("woman_bob_fringe", "man_side_parting"):
        sketch = _drawing(next(folder.glob(f"{name}.*")), model.model.size)
        for trait in model.model.options["traits"].keys or ():
            rows.append([sketch, *(model(sketch, traits={trait: value}) for value in ends)])
    return contact_sheet(rows, ["sketch", *map(str, ends)], cell=cell)


def truth_sheet(corpus_folder: Path, *, count: int = 12, cell: int = 200) -> Image.Image:
    """The same of the faces of a corpus, at rising roughness, with the true photo last."""
    model = _model()
    corpus, rng = open_dataset(corpus_folder), np.random.default_rng(0)
    rows = []
    for row, index in enumerate(np.linspace(0, len(corpus) - 1, count).astype(int)):
        level = list(LEVELS)[row * len(LEVELS) // count]
        sketch = picture(corpus.sketch(int(index), rng, level=level))
        truth = picture(corpus.photo(int(index)))
        rows.append([*_row(model, sketch), truth])
    return contact_sheet(rows, [*COLUMNS, "truth"], cell=cell)


def _model() -> Pipeline:
    return s2pzoo.load("deepfacedrawing", weights=BUNDLE)


def _row(model: Pipeline, sketch: Image.Image) -> list[Image.Image]:
    """The pictures of `COLUMNS`."""
    return [sketch, model.shadow(sketch), model.refine(sketch), model(sketch)]


def _drawing(path: Path, size: int) -> Image.Image:
    return picture(read_sketch(path, size=size, fit=path.name.startswith("off_centre")).ink)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("drawings", type=Path, nargs="?", help="a folder of drawings: write sheet and card")
    parser.add_argument("--metrics", nargs="+", help="[FACES=]metrics.json of `s2pzoo eval`, for the card's table")
    parser.add_argument("--front", type=Path, help="write the README's picture there, and nothing else")
    parser.add_argument("--traits", type=Path, help="write the sheet of traits there, and nothing else")
    parser.add_argument("--truth", type=Path, help="a face corpus: make the sheet with true photos")
    parser.add_argument("--out", type=Path, default=Path("out/truth.png"), help="where that sheet goes")
    arguments = parser.parse_args()
    if arguments.truth:
        write_image(truth_sheet(arguments.truth), arguments.out)
    if arguments.front:
        write_image(front_sheet(arguments.drawings), arguments.front)
    elif arguments.traits:
        write_image(traits_sheet(arguments.drawings), arguments.traits)
    elif arguments.drawings:
        write_image(drawings_sheet(arguments.drawings), BUNDLE / PICTURE)
        about = {"metrics": [row for one in arguments.metrics for row in face_rows(one)]} if arguments.metrics else {}
        amend_bundle(BUNDLE, about=about, files={PICTURE: BUNDLE / PICTURE})


if __name__ == "__main__":
    main()
