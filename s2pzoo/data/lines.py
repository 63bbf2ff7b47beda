"""Folders of drawings read as lines: QuickDraw's NDJSON as it is, pictures traced; and how they are varied."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from rich.progress import track

from s2pzoo.errors import BadInputError, DataError
from s2pzoo.imaging.formats import members, read_strokes
from s2pzoo.imaging.read import read_sketch
from s2pzoo.imaging.sequence import from_sequence, simplified, to_sequence, traced
from s2pzoo.imaging.suffixes import DRAWINGS
from s2pzoo.imaging.vectorise import Polyline

Lines = list[Polyline]


def lines_of(folder: Path, *, longest: int) -> list[Lines]:
    """Every drawing in a folder and the folders in it, as lines in sides of the canvas, of at most so many points.

    QuickDraw's NDJSON is read as it is, pictures are traced. What was read is kept in the folder for the next time, and
    is enough alone.

    Raises:
        DataError: there is none; some cannot be read.
    """
    files = sorted(one for one in folder.rglob("*") if one.suffix.lower() in (DRAWINGS | {".ndjson"}) - {".json"})
    told = "\n".join(f"{one.relative_to(folder)} {one.stat().st_size}" for one in files)
    alone = None if files else next(folder.glob(f"sequences{longest}-*.npz"), None)
    kept = alone or folder / f"sequences{longest}-{hashlib.sha256(told.encode()).hexdigest()[:8]}.npz"
    if not files and not alone:
        raise DataError(f"{folder} has no drawing.", fix="Put QuickDraw's .ndjson files there, or folders of pictures.")
    if not kept.exists():
        _read(files, kept, longest)
    with np.load(kept) as stored:
        return [from_sequence(one) for one in np.split(stored["rows"], stored["ends"][:-1])]


def _read(files: list[Path], kept: Path, longest: int) -> None:
    sequences, faults = [], []
    for file in track(files, description=f"reading {len(files)} files"):
        for one in members(file) if file.suffix.lower() == ".ndjson" else [file]:
            try:
                sequences.append(_sequence(one, longest))
            except BadInputError as error:
                faults.append(error.what)
    if faults:
        raise DataError(f"{len(faults)} drawings cannot be used.", why="\n".join(faults[:20]))
    begun = kept.with_suffix(".part.npz")
    np.savez_compressed(begun, rows=np.concatenate(sequences), ends=np.cumsum([len(one) for one in sequences]))
    begun.replace(kept)


def _sequence(file: Path, longest: int) -> np.ndarray:
    if ".ndjson" in str(file):
        return to_sequence(simplified(read_strokes(file).points, longest=longest))
    return traced(read_sketch(file, size=256).ink, longest=longest)


def moved(lines: Lines, rng: np.random.Generator, *, turn: float, scale: float, shuffled: float) -> Lines:
    """A drawing turned by up to `turn` degrees, up to `scale` wider or higher, half of the time mirrored, and as often
    as `shuffled` says with its strokes in another order and some drawn the other way round."""
    angle = np.radians(rng.uniform(-turn, turn))
    c, s = np.cos(angle), np.sin(angle)
    change = np.array([[c, s], [-s, c]]) * (1 + rng.uniform(-scale, scale, 2)) * [rng.choice([-1, 1]), 1]
    changed = [((line - 0.5) @ change + 0.5).astype(np.float32) for line in lines]
    if rng.random() < shuffled:
        changed = [changed[i][:: rng.choice([-1, 1])] for i in rng.permutation(len(changed))]
    return changed
