"""Which files a command line means, and under which names results are written. Torch-free.

No input is ever overwritten, and no file that s2pzoo did not write, unless the user says --overwrite.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from s2pzoo.errors import BadInputError, OutputError
from s2pzoo.imaging.suffixes import DRAWINGS as DRAWINGS
from s2pzoo.imaging.suffixes import PHOTOS as PHOTOS
from s2pzoo.imaging.suffixes import inside

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif")
"""Suffixes of pictures that are written."""


def found(
    given: Iterable[Path], suffixes: Collection[str], *, without: Path
) -> tuple[list[Path], list[tuple[Path, BadInputError]]]:
    """The files that `given` means, each once, and the folders with none.

    A file stands for itself, whether it is there or not; a folder for all files with one of `suffixes` in it and below,
    sorted, without hidden ones, without JSON that holds no strokes, and without what the folder `without` holds.
    """
    from s2pzoo.imaging.formats import members

    files: dict[Path, Path] = {}
    empty = []
    for path in given:
        held = inside(path, suffixes, _real(without)) if path.is_dir() else [path]
        if not held:
            fix = f"Files in a folder are found by their suffix: {' '.join(sorted(suffixes))}"
            empty.append((path, BadInputError(f"{path} holds nothing that can be read.", fix=fix)))
        for file in held:
            try:
                drawings = members(file)  # a file may hold a drawing a line
            except BadInputError as error:
                empty.append((file, error))
                continue
            files |= {_real(one): one for one in drawings if _real(one) not in files}
    return list(files.values()), empty


def all_found(given: Iterable[Path], suffixes: Collection[str], *, without: Path) -> list[Path]:
    """The files of `found`.

    Raises:
        BadInputError: a folder with none.
    """
    files, empty = found(given, suffixes, without=without)
    for _, error in empty:
        raise error
    return files


def target(out: Path, default: str, *, inputs: Iterable[Path], overwrite: bool = False) -> Path:
    """The file to write one result to: `out` where it has a picture's suffix, else `default` in the folder `out`.

    Raises:
        OutputError: it would overwrite one of `inputs` or what others wrote, is of a format that is not written, or
            cannot be written.
    """
    if not is_file(out):
        (path,) = targets([Path(default)], out, mark="new", inputs=inputs, overwrite=overwrite)
        return path
    if _real(out) in set(map(_real, inputs)):
        raise OutputError(f"{out} would overwrite what it is made from.", fix="Give it another name.")
    if not overwrite and (theirs := _foreign(out)):
        what = f"{theirs} is there, and s2pzoo did not write it."
        raise OutputError(what, fix="Give another name, or say --overwrite.")
    check_folder(out.parent)
    return out


def sheet(out: Path, *, inputs: Iterable[Path], overwrite: bool = False) -> Path:
    """The picture file to write a contact sheet to.

    Raises:
        OutputError: it is no picture, would overwrite one of `inputs`, or cannot be written.
    """
    if not is_file(out):
        raise OutputError(f"Cannot write the sheet to {out}.", why="It is not the name of a picture.",
                          fix=f"End it in {', '.join(PICTURES)}.")  # fmt: skip
    return target(out, "", inputs=inputs, overwrite=overwrite)


def results(
    sources: Sequence[Path],
    out: Path,
    *,
    mark: str,
    inputs: Iterable[Path] = (),
    taken: Iterable[Path] = (),
    overwrite: bool = False,
) -> list[Path]:
    """Where the result of each source goes: to the file `out`, where there is one source; else see `targets`.

    Raises:
        OutputError: several into one file; a source or another input would be overwritten; it cannot be written there.
    """
    inputs = [*sources, *inputs]
    if not is_file(out):
        return targets(sources, out, mark=mark, inputs=inputs, taken=taken, overwrite=overwrite)
    if len(sources) > 1:
        raise OutputError(f"{len(sources)} pictures do not go into one file.", fix="Give a folder: -o FOLDER")
    if _real(out) in set(map(_real, taken)):
        raise OutputError(f"{out} would hold two results.", fix="Give one of them another name.")
    return [target(out, "", inputs=inputs, overwrite=overwrite) for _ in sources]


def beside(
    photos: Sequence[Path],
    out: Path,
    *,
    mark: str,
    inputs: Iterable[Path],
    taken: Iterable[Path],
    overwrite: bool = False,
) -> list[Path]:
    """Where more about each photo goes, written for `out` by `results`: NAME-`mark`.png beside it; see `targets`."""
    names = [photo.with_name(f"{photo.stem}-{mark}.png") for photo in photos]
    folder = out.parent if is_file(out) else out
    return targets(names, folder, mark="new", inputs=inputs, taken=[*photos, *taken], overwrite=overwrite)


def targets(
    sources: Sequence[Path],
    out: Path,
    *,
    mark: str,
    inputs: Iterable[Path],
    taken: Iterable[Path] = (),
    overwrite: bool = False,
) -> list[Path]:
    """A PNG in the folder `out` for each source, named after it.

    No two are the same, even where case does not matter. None is one of `inputs` or `taken`, a file that others wrote
    (unless `overwrite`), or a name whose `stages` folder holds one of those: it then ends in -`mark`, or a number.

    Raises:
        OutputError: `out` is not a folder, or one that cannot be written to.
    """
    check_folder(out)
    home = _real(out)
    read = list(map(_real, inputs))
    reads = {_key(path) for path in read}
    occupied = reads | {_key(_real(path)) for path in taken}
    occupied |= {_key(folder.with_name(folder.name.removesuffix(_STAGES) + ".png"))
                 for path in read for folder in path.parents if folder.name.endswith(_STAGES)}  # fmt: skip

    @functools.cache  # it opens the picture
    def kept(name: str) -> bool:
        return not overwrite and _foreign(home / name) is not None

    made = []
    for source in sources:
        stem = source.stem or "drawing"
        if _key(home / f"{stem}.png") in reads or kept(f"{stem}.png"):
            stem = f"{stem}-{mark}"
        name, number = f"{stem}.png", 1
        while _key(home / name) in occupied or kept(name):
            number += 1
            name = f"{stem}-{number}.png"
        occupied.add(_key(home / name))
        made.append(out / name)
    return made


def stages(path: Path) -> Path:
    """The folder for what was made on the way to the picture `path`."""
    return path.with_name(path.stem + _STAGES)


def is_file(out: Path) -> bool:
    """Whether `out` means a picture file and not a folder.

    Raises:
        OutputError: it is a file, or reads like one, of a format that is not written.
    """
    if out.is_dir():
        return False
    suffix = out.suffix.lower()
    if suffix in PICTURES:
        return True
    if suffix in DRAWINGS or out.is_file():
        raise OutputError(
            f"Cannot write {out}.",
            why="It is not a folder, and not a picture of a format that is written.",
            fix=f"Give a folder, or a file that ends in {', '.join(PICTURES)}.",
        )
    return False


def check_folder(folder: Path) -> None:
    """Whether files can be written to `folder`, which need not be there yet; told before work begins.

    Raises:
        OutputError: they cannot.
    """
    nearest = next(path for path in (folder.absolute(), *folder.absolute().parents) if os.path.lexists(path))
    if not nearest.is_dir():
        raise OutputError(f"Cannot write to {folder}.", why=f"{nearest} is not a folder.", fix="Give another folder.")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise OutputError(f"Cannot write to {folder}.", why=f"{nearest} is not yours to write to.",
                          fix="Give another folder.")  # fmt: skip


_STAGES = ".stages"


def _foreign(path: Path) -> Path | None:
    """The file that is there and s2pzoo did not write; or such a folder where what was made on the way would go."""
    from s2pzoo.imaging.write import MARKER, is_ours

    beside = stages(path)
    theirs = beside.is_dir() and any(beside.iterdir()) and not (beside / MARKER).exists()
    return beside if theirs else path if os.path.lexists(path) and not is_ours(path) else None


def _real(path: Path) -> Path:
    """Without links; a circle of them stays."""
    return Path(os.path.realpath(path))


def _key(path: Path) -> str:
    return str(path).casefold()
