"""One picture for each of many files, for the verbs that make nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from s2pzoo.cli.output import Answer, note, progress, stderr, tell_failures
from s2pzoo.errors import S2PZooError
from s2pzoo.host.guard import breadcrumb, ours

if TYPE_CHECKING:
    from PIL import Image

Make = Callable[[Path], "tuple[Image.Image, Sequence[str]]"]
"""A source -> its picture, and what was decided on the way."""


def each(
    sources: Sequence[Path],
    targets: Sequence[Path],
    make: Make,
    *,
    failed: Iterable[tuple[Path, S2PZooError]],
    takes: str,
    gives: str,
    **about: Any,
) -> Answer:
    """Make and write the picture of every source; one that cannot be read or written does not stop the others.

    Args:
        targets: where each picture goes.
        failed: what failed before.
        takes, gives: what a source and its picture are, as keys of the JSON.
        about: more of the JSON.

    Raises:
        S2PZooError: the one failure itself, where nothing else was asked for.
    """
    from s2pzoo.imaging.write import write_image

    made: list[dict[str, Any]] = []
    problems: list[tuple[Path, S2PZooError]] = list(failed)
    console = stderr()
    with breadcrumb("making pictures"), progress(console, "pictures", len(sources)) as done:
        for source, target in zip(sources, targets, strict=True):
            try:
                picture, notes = make(source)
                write_image(picture, target)
            except Exception as error:  # of one file: the others go on
                problems.append((source, ours(error)))
            else:
                made.append({takes: str(source), gives: str(target), "notes": list(notes)})
                for text in notes:
                    note(console, f"{source}: {text}")
            done()
    tell_failures(problems, of=len(made) + len(problems))

    def show(console: Console) -> None:
        for one in made:
            console.print(f"{one[takes]} -> {one[gives]}", markup=False, soft_wrap=True)

    failures = [{takes: str(source), "error": error.to_dict()} for source, error in problems]
    listed = {"sketch": "sketches", "photo": "photos"}[takes]
    return Answer(data={**about, listed: made, "failed": failures}, show=show, exit_code=2 if problems else 0)
