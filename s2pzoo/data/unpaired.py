"""Unpaired collections: photos of one kind of thing, and people's drawings of such things.

Plugins declare how theirs are read. In the core's own, `core/unpaired`, a folder
holds `photo/` (images) and either `sketch/` (images, SVG, strokes JSON) or `sketch_strokes.json` (name -> list
of strokes, each a list of [x, y] in a 256-pixel frame). `line/`, if there is one, holds exact line drawings of some of
the photos, of the same names. `split.json`, if there is one, names what is held out:
`{"photo": {"test": [...]}, "sketch": {"test": [...]}}`, or `{"test": [...]}` for photos and the drawings `NAME_k` of
them.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from s2pzoo.data.dataset import read_declared
from s2pzoo.data.files import all_of_several, drawings_in, named
from s2pzoo.errors import BadInputError, DataError
from s2pzoo.imaging.photo import read_photo
from s2pzoo.imaging.read import read_sketch
from s2pzoo.imaging.rough import draw
from s2pzoo.imaging.strokes import entries_of
from s2pzoo.imaging.suffixes import PHOTOS
from s2pzoo.imaging.vectorise import Polyline, vectorise
from s2pzoo.spec.reading import UnreadableError, read_json

SPLITS = ("train", "test", "all")
FRAME = 256

_PEN = 1.4
_LAYOUT = "Give a folder with photo/ and sketch/ (or sketch_strokes.json)."
_SPLIT = 'Name in split.json what is held out: {"photo": {"test": [names]}, "sketch": {"test": [names]}}.'


@frozen(kw_only=True)
class Collection:
    """Photos (N,S,S,3) and sketches (M,S,S), uint8, their names, and the photos' files; nothing pairs them.

    `line_files`: of each photo its exact line drawing, where there is one.
    """

    photos: NDArray[np.uint8]
    sketches: NDArray[np.uint8]
    photo_names: tuple[str, ...]
    sketch_names: tuple[str, ...]
    photo_files: tuple[Path, ...]
    line_files: tuple[Path | None, ...]

    def lines_of(self, index: int) -> list[Polyline] | None:
        """The lines of a photo, each (M,2) x, y in shares of the picture's side; None without a line drawing.

        Raises:
            DataError: a line drawing that cannot be read.
        """
        file = self.line_files[index]
        if file is None:
            return None
        return [line / np.float32(FRAME) for line in vectorise(read_sketch(file, size=FRAME, shaded=False).ink)]


def open_collection(
    folder: Path, *, size: int, split: str = "train", strokes: str = "", name: str = ""
) -> Collection:  # fmt: skip
    """Read one split of a collection at `size` pixels: `train`, `test` or `all`.

    Args:
        strokes: see `read_sketch`.
        name: of the declared dataset, `plugin/dataset`; by default the first that can read the folder.

    Raises:
        DataError: none can, nothing in the split, images that cannot be read.
        UnknownDatasetError, PluginError: no such dataset.
    """
    if split not in SPLITS:
        raise DataError(f"There is no split {split!r}.", fix=f"Use one of {', '.join(SPLITS)}.")
    return read_declared(Path(folder), name, paired=False, size=size, split=split, strokes=strokes)


def read_collection(folder: Path, *, size: int, split: str, strokes: str) -> Collection:
    """`core/unpaired`: a folder as above.

    Raises:
        DataError: no such folder, photos or sketches missing, nothing in the split, a split that is no JSON, images
            that cannot be read.
    """
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}.", fix=_LAYOUT)
    held_out = _held_out(folder / "split.json")
    photos = named(folder / "photo", PHOTOS)
    drawings = _json(folder / "sketch_strokes.json") or drawings_in(folder / "sketch")
    for what, names in (("photos", photos), ("sketches", drawings)):
        if not names:
            raise DataError(f"{folder} has no {what}.", why="Both are needed, in any number, unpaired.", fix=_LAYOUT)
    photo_names = _chosen(photos, split, held_out["photo"])
    theirs = {name for name in drawings if name.rpartition("_")[0] in held_out["photo"]}  # of a photo: PHOTO_k
    sketch_names = _chosen(drawings, split, held_out["sketch"] or theirs)
    for what, names in (("photo", photo_names), ("sketch", sketch_names)):
        if not names:
            raise DataError(f"{folder} has no {what} in the split {split!r}.", fix=_SPLIT)
    photo_files = tuple(photos[name] for name in photo_names)
    lines = {path.stem: path for path in named(folder / "line", PHOTOS).values()}
    read = {
        "photos": (lambda path: read_photo(path, size=size), photo_files),
        "sketches": (lambda name: _drawn(name, drawings[name], size, strokes), sketch_names),
    }
    return Collection(
        **dict(zip(read, all_of_several(*read.values()), strict=True)),
        photo_names=photo_names,
        sketch_names=sketch_names,
        photo_files=photo_files,
        line_files=tuple(map(lines.get, photo_names)),
    )


def _drawn(name: str, source: Any, size: int, strokes: str) -> NDArray[np.float32]:
    """A drawing, (S,S) in [0,1]: strokes of the 256-pixel frame, or a file."""
    if not isinstance(source, Path):
        try:
            drawn = entries_of({"canvas": [FRAME, FRAME], "strokes": source})
        except BadInputError as error:
            what = f"The drawing {name!r} is not a list of strokes, each a list of [x, y]."
            raise DataError(what, why=f"{error.what} {error.why}".strip()) from error
        lines = [(FRAME * line).astype(np.float32) for line in drawn.points if len(line) > 1]
        ink = draw(lines, size=size, width=_PEN, frame=FRAME)
        if source and ink.min() > 0.99:
            raise DataError(f"The drawing {name!r} shows nothing.", why=f"Its frame is of {FRAME} pixels a side.")
        return ink
    return read_sketch(source, size=size, shaded=False, strokes=strokes).ink


def _held_out(path: Path) -> dict[str, set[str]]:
    data = _json(path)
    if "test" in data:
        data = {"photo": data}
    try:
        return {what: set(data.get(what, {}).get("test", ())) for what in ("photo", "sketch")}
    except (AttributeError, TypeError) as error:
        raise DataError(f"{path} does not say what is held out.", fix=_SPLIT) from error


def _json(path: Path) -> dict[str, Any]:
    """The object in a file; empty where there is none."""
    if not path.is_file():
        return {}
    try:
        data = read_json(path)
    except (FileNotFoundError, UnreadableError) as error:
        raise DataError(f"{path} cannot be read.", why=str(error)) from error
    if not isinstance(data, dict):
        raise DataError(f"{path} is not a JSON object.")
    return data


def _chosen(names: Iterable[str], split: str, held_out: set[str]) -> tuple[str, ...]:
    return tuple(name for name in names if split == "all" or _held(name, held_out) == (split == "test"))


def _held(name: str, held_out: set[str]) -> bool:
    """`thing.jpg`, which is called so because of a `thing.png`, is held out as `thing` too."""
    return name in held_out or (Path(name).suffix.lower() in PHOTOS and Path(name).stem in held_out)
