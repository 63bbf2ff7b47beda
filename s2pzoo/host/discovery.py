"""Which plugins are installed: a look at the entry points of every distribution, importing none of them.

importlib.metadata.entry_points() gives up on all distributions when one has a malformed file, and a plugin must never
break its host, so each distribution is read on its own.
"""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterable
from pathlib import Path

from attrs import frozen

GROUP = "s2pzoo"


@frozen(kw_only=True)
class Candidate:
    """One entry point of the group, and who brings it.

    Attributes:
        family: the entry point's name.
        module: its value, a module path.
        distribution, version: the distribution it comes from.
        problem: why it cannot even be tried, or empty.
    """

    family: str
    module: str
    distribution: str = "unknown"
    version: str = "unknown"
    problem: str = ""

    def __str__(self) -> str:
        return f"{self.distribution} {self.version} ({self.family} = {self.module})"


def from_entry_points(entry_points: Iterable[importlib.metadata.EntryPoint]) -> list[Candidate]:
    """Candidates for entry points that are already at hand."""
    return [_candidate(point, point.dist) for point in entry_points]


def discover() -> list[Candidate]:
    """Every candidate on sys.path, sorted by family and distribution.

    A distribution that is on sys.path twice counts once: the first, which is the one Python would import.
    """
    found: dict[str, list[Candidate]] = {}
    for distribution in importlib.metadata.distributions():
        if _mentions_us(distribution) and (candidates := _of(distribution)):
            name = re.sub(r"[-_.]+", "-", candidates[0].distribution).lower()
            found.setdefault(name, candidates)
    return sorted((c for group in found.values() for c in group), key=lambda c: (c.family, c.distribution))


def _mentions_us(distribution: importlib.metadata.Distribution) -> bool:
    try:
        return GROUP in (distribution.read_text("entry_points.txt") or "")
    except Exception:  # not even text
        try:
            home = Path(str(distribution.locate_file(""))) / _folder(distribution)
            return GROUP.encode() in (home / "entry_points.txt").read_bytes()
        except Exception:  # an unreadable distribution says nothing about us
            return False


def _folder(distribution: importlib.metadata.Distribution) -> str:
    """The name of the folder with its metadata, NAME-VERSION.dist-info."""
    return Path(str(getattr(distribution, "_path", "unknown"))).name


def _of(distribution: importlib.metadata.Distribution) -> list[Candidate]:
    try:
        return [_candidate(point, distribution) for point in distribution.entry_points if point.group == GROUP]
    except Exception as error:
        name, version = _identity(distribution)
        problem = f"entry_points.txt cannot be read: {type(error).__name__}: {error}"
        return [Candidate(family=name, module="", distribution=name, version=version, problem=problem)]


def _candidate(point: importlib.metadata.EntryPoint, distribution: importlib.metadata.Distribution | None) -> Candidate:
    name, version = _identity(distribution) if distribution else ("unknown", "unknown")
    return Candidate(family=point.name, module=point.value, distribution=name, version=version)


def _identity(distribution: importlib.metadata.Distribution) -> tuple[str, str]:
    named, _, version = _folder(distribution).rpartition(".")[0].partition("-")
    try:
        metadata = distribution.metadata
        return str(metadata["Name"] or named or "unknown"), str(metadata["Version"] or version or "unknown")
    except Exception:  # metadata that nobody can read: its folder says who it is
        return named or "unknown", version or "unknown"
