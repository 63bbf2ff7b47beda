"""Drawings and the photos they are of, as files, in the layouts in which the field's data sets come.

`core/pairs` reads a folder, and what lies below it, that holds

    pictures twice as wide as high       pix2pix' A|B: the half with less colour is the drawing
    photo/ and sketch/                   a drawing has the name of its photo, or NAME-k, NAME_k (Sketchy, QMUL's)
                                         FS2K's photo1/image0001 and sketch1/sketch0001
                                         CUFS' f-005-01 and F2-005-01-sz1

The folders may also be called photos, image, images, img; sketches, drawing(s), line(s), edge(s). Files are read when
asked for.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray
from PIL import Image

from s2pzoo.data.dataset import evenly
from s2pzoo.errors import DataError
from s2pzoo.imaging.decode import read_pixels
from s2pzoo.imaging.photo import photo_of, read_photo
from s2pzoo.imaging.read import read_sketch
from s2pzoo.imaging.suffixes import DRAWINGS, PHOTOS

SIZES = 64, 512
_PHOTO = ("photo", "photos", "image", "images", "img")
_SKETCH = ("sketch", "sketches", "drawing", "drawings", "line", "lines", "edge", "edges")
_WORDS = re.compile(r"(^|/)(?:photo|image|img|sketch|drawing|line|edge)(?:e?s)?(?=[-_\d/]|$)")
_CUFS = re.compile(r"(^|/)([fm])\d?-(\d+)-(\d+)(?:-sz\d)?$")
_NUMBERED = re.compile(r"[-_]\d+$")
_LAYOUT = "Give a folder with photo/ and sketch/, a drawing named after its photo; or pictures of both side by side."


@frozen(kw_only=True)
class Pairs:
    """Photos and one drawing or more of each, an `s2pzoo.data.dataset.Dataset`.

    `drawn`: of each photo, (name, its file, the files of its drawings); one file alone where it holds both.
    """

    drawn: tuple[tuple[str, Path, tuple[Path, ...]], ...]
    size: int
    left: bool = True
    """In pictures of both: whether the drawing is the left half."""
    tags: Sequence[Mapping[str, str]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "tags", tuple({"person": name} for name, _, _ in self.drawn))

    def __len__(self) -> int:
        return len(self.drawn)

    @property
    def digest(self) -> str:
        """Of names and sizes of files."""
        facts = [(name, *(file.stat().st_size for file in (photo, *drawings))) for name, photo, drawings in self.drawn]
        return hashlib.sha256(repr((self.size, facts)).encode()).hexdigest()

    def photo(self, index: int) -> NDArray[np.float32]:
        """The photo, (S,S,3)."""
        _, file, drawings = self.drawn[index]
        return read_photo(file, size=self.size) if drawings else photo_of(self._half(file, not self.left), self.size)

    def clean(self, index: int) -> NDArray[np.float32]:
        """The first drawing of it, (S,S)."""
        return self._drawing(index, 0)

    def sketch(self, index: int, rng: np.random.Generator, *, level: str) -> NDArray[np.float32]:
        """One of its drawings at random: people drew them, so they are as rough as they are, whatever the level."""
        return self._drawing(index, int(rng.integers(max(1, len(self.drawn[index][2])))))

    def _drawing(self, index: int, number: int) -> NDArray[np.float32]:
        _, file, drawings = self.drawn[index]
        return read_sketch(drawings[number] if drawings else self._half(file, self.left), size=self.size).ink

    def _half(self, file: Path, left: bool) -> NDArray[Any]:
        pixels = read_pixels(file).pixels
        middle = pixels.shape[1] // 2
        return pixels[:, :middle] if left else pixels[:, middle:]


def read_pairs(folder: Path) -> Pairs:
    """`core/pairs`: a folder as above.

    Raises:
        DataError: no such folder; no pairs in it.
    """
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}.", fix=_LAYOUT)
    homes = [next((folder / one for one in names if (folder / one).is_dir()), None) for names in (_PHOTO, _SKETCH)]
    photo, sketch = homes
    if photo and sketch:
        return _apart(_files(photo, PHOTOS), _files(sketch, DRAWINGS), folder)
    both = [(key, path) for key, path in _files(folder, PHOTOS) if _wide(path)]
    if not both:
        raise DataError(f"{folder} has no pairs of drawings and photos.", fix=_LAYOUT)
    drawn = tuple((key, path, ()) for key, path in both)
    some = [read_pixels(both[index][1]).pixels for index in evenly(len(both), 16)]
    colour = [[_colour(one[:, : one.shape[1] // 2]), _colour(one[:, one.shape[1] // 2 :])] for one in some]
    left, right = np.mean(colour, axis=0)
    return Pairs(drawn=drawn, size=_side([one.shape[0] for one in some]), left=bool(left <= right))


def _apart(several: list[tuple[str, Path]], sketches: list[tuple[str, Path]], folder: Path) -> Pairs:
    found: dict[str, list[Path]] = {}
    photos = dict(several)
    if len(photos) < len(several):
        count = Counter(key for key, _ in several)
        alike = [path.name for key, path in several if count[key] > 1]
        what = f"Photos in {folder} cannot be told apart by their names."
        raise DataError(what, why=f"Such as {', '.join(alike[:4])}.", fix="Rename them, or take some out.")
    for key, path in sketches:
        shorter = _NUMBERED.sub("", key)
        if (name := key if key in photos else shorter) in photos:
            found.setdefault(name, []).append(path)
    if not found:
        seen = [some[0][1].name for some in (several, sketches) if some]
        raise DataError(
            f"{folder} has no drawing that is named after a photo.", why=f"Seen: {', '.join(seen)}.", fix=_LAYOUT
        )
    names = sorted(found)
    some = [_shape(photos[names[index]]) for index in evenly(len(names), 16)]
    drawn = tuple((name, photos[name], tuple(found[name])) for name in names)
    return Pairs(drawn=drawn, size=_side([min(one) for one in some]))


def _files(folder: Path, suffixes: frozenset[str]) -> list[tuple[str, Path]]:
    """Each with what is the same in the names of a photo and its drawing."""
    files = (one for one in sorted(folder.rglob("*")) if one.suffix.lower() in suffixes and one.is_file())
    return [(_key(one.relative_to(folder)), one) for one in files if not one.name.startswith(".")]


def _key(path: Path) -> str:
    name = _WORDS.sub(r"\1", path.with_suffix("").as_posix().lower())
    return _CUFS.sub(r"\1\2-\3-\4", name)


def _shape(path: Path) -> tuple[int, int]:
    """Width and height, without the pixels."""
    try:
        with Image.open(path) as image:
            return image.size
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"{path} cannot be read.", why=str(error), fix="Take it out of the folder.") from error


def _wide(path: Path) -> bool:
    width, height = _shape(path)
    return abs(width - 2 * height) <= 2


def _colour(pixels: NDArray[Any]) -> float:
    """How far from gray it is."""
    return float(np.ptp(pixels, axis=2).mean()) if pixels.ndim == 3 else 0.0


def _side(sides: Sequence[int]) -> int:
    """The power of two that is nearest to most of them."""
    return int(np.clip(2 ** round(float(np.log2(np.median(sides)))), *SIZES))
