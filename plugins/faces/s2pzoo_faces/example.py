"""Painted faces, and settings with which trainings on faces take seconds: to try tasks on."""

from __future__ import annotations

from pathlib import Path

from s2pzoo_faces.painted import write_corpus

FACES = ("data.corpus=faces", "data.preview=faces", "schedule.batch=2")


def faces(folder: Path) -> list[str]:
    """Eight faces, in `folder/faces`."""
    write_corpus(folder / "faces", count=8)
    return [*FACES]


def locator(folder: Path) -> list[str]:
    """The same, with a few heads made of them."""
    return [*faces(folder), "data.heads=4"]
