"""`s2pzoo plugins freeze` and `diff`: what is installed, to be had again; what an upgrade lost.

The file is one that pip reads: a line a distribution, with the family and its models as a comment.
"""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import typer
from attrs import field, frozen
from rich.console import Console
from rich.text import Text

import s2pzoo
from s2pzoo.cli.arguments import Overwrite
from s2pzoo.cli.output import Answer, note, stderr, table
from s2pzoo.errors import UsageError, install_command
from s2pzoo.host.plugin import State
from s2pzoo.host.registry import default_registry
from s2pzoo.host.settings import Settings
from s2pzoo.spec.reading import UnreadableError, read_regular

_HEAD = "# Made by `s2pzoo plugins freeze`. To have it again: pip install -r FILE"
_LINE = re.compile(r"([A-Za-z0-9][\w.-]*)==(\S+)(?:\s+#\s*([\w-]+)(?: \((\w+)\))?:\s*(.*))?")


@frozen(kw_only=True)
class _Frozen:
    """A plugin as a file has it, or as it is here."""

    distribution: str
    version: str
    family: str = ""
    models: frozenset[str] = field(default=frozenset(), converter=frozenset)
    state: str = State.LOADED

    @property
    def key(self) -> tuple[str, str]:
        """What it is known by: a distribution may bring several families, and be written in several ways."""
        return re.sub(r"[-_.]+", "-", self.distribution).lower(), self.family

    def __str__(self) -> str:
        state = "" if self.state == State.LOADED else f" ({self.state})"
        told = f"  # {self.family}{state}: {' '.join(sorted(self.models))}".rstrip() if self.family else ""
        return f"{self.distribution}=={self.version}{told}"


def freeze(
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="A file; by default it is printed.")
    ] = None,
    overwrite: Overwrite = False,
) -> Answer:
    """Print the installed plugins with their versions and models, in a form that pip reads."""
    text = _text(_here())
    lines = text.splitlines()
    if out:
        from s2pzoo.imaging.write import write_text

        write_text(text, out, mark="s2pzoo plugins freeze", overwrite=overwrite)

    def show(console: Console) -> None:
        console.print(
            "\n".join(lines) if out is None else f"{len(lines) - 1} distributions -> {out}",
            markup=False,
            soft_wrap=True,
        )

    return Answer(data={"lines": lines[1:], "file": str(out) if out else None}, show=show)


def diff(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `s2pzoo plugins freeze` wrote.")],
) -> Answer:
    """Say what is different from then: distributions that are gone, new or of another version, plugins that
    no longer load, models that are gone. The exit code is 1 where something was lost.
    """
    then, now = _read(file), {one.key: one for one in _here()}
    rows: list[dict[str, Any]] = []
    for key in sorted({*then, *now}):
        rows += _changes(key[0], then.get(key), now.get(key))
    lost = any(row["lost"] for row in rows)

    def show(console: Console) -> None:
        if not rows:
            console.print("Everything is as it was.")
            return
        shown = table("distribution", "change", "then", "now")
        for row in rows:
            style = "bold red" if row["lost"] else ""
            rest = map(Text, (row["then"], row["now"]))
            shown.add_row(Text(row["distribution"]), Text(row["change"], style=style), *rest)
        console.print(shown)
        if lost:
            console.print(f"To have it as it was: {install_command(f'-r {file}')}", markup=False, soft_wrap=True)

    return Answer(data={"changes": rows, "lost": lost}, show=show, exit_code=1 if lost else 0)


def tell_losses() -> None:
    """Keep in the cache what is installed; where a distribution is gone since the last look, say so, once."""
    kept = Settings.read().cache / "plugins" / f"{sha256(sys.prefix.encode()).hexdigest()[:12]}.txt"
    here = _here()
    then: dict[tuple[str, str], _Frozen] = {}
    with contextlib.suppress(UsageError):
        then = _read(kept)
    names = {one.key[0] for one in here}
    gone = sorted({f"{one.distribution} {one.version}" for key, one in then.items() if key[0] not in names})
    with contextlib.suppress(OSError):
        if gone:
            before = kept.replace(kept.with_suffix(".before.txt"))
            text = f"Gone since the last look: {', '.join(gone)}. `s2pzoo plugins diff {before}` tells more."
            note(stderr(), text)
        if then.keys() != {one.key for one in here}:
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(_text(here), encoding="utf-8")


def _text(found: Iterable[_Frozen]) -> str:
    """The file: what made it, and a line each."""
    return "\n".join([_HEAD, *map(str, found), ""])


def _here() -> list[_Frozen]:
    """The core, and every plugin's distribution."""
    found = [_Frozen(distribution="s2pzoo", version=s2pzoo.__version__)]
    for plugin in default_registry().plugins():
        for one in plugin.providers:
            found.append(
                _Frozen(distribution=one.distribution, version=one.version, family=plugin.family,
                        models=plugin.models, state=plugin.state)
            )  # fmt: skip
    return found


def _changes(name: str, then: _Frozen | None, now: _Frozen | None) -> list[dict[str, Any]]:
    def row(change: str, was: str, is_: str, *, lost: bool = False) -> dict[str, Any]:
        return {"distribution": name, "change": change, "then": was, "now": is_, "lost": lost}

    if then is None or now is None:
        return (
            [row("is gone", then.version, "", lost=True)] if then else [row("is new", "", now.version)] if now else []
        )
    rows = [] if then.version == now.version else [row("another version", then.version, now.version)]
    if now.state != then.state and now.state != State.LOADED:
        return [*rows, row("does not load", str(then.state), str(now.state), lost=True)]
    gone, new = then.models - now.models, now.models - then.models
    rows += [row("models are gone", " ".join(sorted(gone)), "", lost=True)] if gone else []
    return rows + ([row("models are new", "", " ".join(sorted(new)))] if new and then.family else [])


def _read(file: Path) -> dict[tuple[str, str], _Frozen]:
    fix = "Give a file that `s2pzoo plugins freeze -o FILE` wrote."
    try:
        lines = read_regular(file).decode("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError, UnreadableError) as error:
        raise UsageError(f"{file} cannot be read.", why=str(error), fix=fix) from error
    found = {}
    for line in (one.strip() for one in lines):
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise UsageError(f"{file} has a line that is none of its own: {line[:80]!r}", fix=fix)
        distribution, version, family, state, models = match.groups()
        one = _Frozen(
            distribution=distribution, version=version, family=family or "", models=(models or "").split(),
            state=state or State.LOADED,
        )  # fmt: skip
        found[one.key] = one
    if not found:
        raise UsageError(f"{file} names no distribution.", fix=fix)
    return found
