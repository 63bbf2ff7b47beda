"""A few drawings, and settings with which the network trains on them in seconds: to try it on."""

from __future__ import annotations

from pathlib import Path

from s2pzoo.testing.painted import write_collection


def cleanup(folder: Path) -> list[str]:
    """Drawings of painted things, to be traced."""
    write_collection(folder / "things")
    return [
        "data.drawings=things/sketch", "data.preview=things/sketch", "data.crop=32", "data.size=64",
        "schedule.batch=2", "networks.width=3",
    ]  # fmt: skip
