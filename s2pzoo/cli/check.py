"""`s2pzoo check`: is a plugin what it says?"""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from s2pzoo.cli.output import Answer, reports, table

_COLOURS = {"passed": "green", "failed": "bold red", "absent": "dim"}


def check(
    family: Annotated[str, typer.Argument(metavar="FAMILY", help="An installed plugin, by its family.")],
    verbose: Annotated[bool, typer.Option("--all", help="Show what passed, too.")] = False,
) -> Answer:
    """Run the conformance kit on a plugin: what it declares, what its networks
    make of drawings, its weights, its trainings, its tools, its docs. The exit
    code is 0 only where nothing failed.
    """
    from s2pzoo.testing.conformance import CHECKS, FAILED, PASSED, examine, plain, total

    with reports() as tell:
        findings = examine(family, tell=tell)
    counts = total(findings)

    def show(console: Console) -> None:
        rows = table("check", "item", "state", "why")
        for one in findings:
            if verbose or one.state != PASSED:
                why = f"{CHECKS[one.check].about} {one.why}" if one.state == FAILED else one.why
                rows.add_row(one.check, one.item, Text(one.state, style=_COLOURS[one.state]), Text(why))
        if rows.row_count:
            console.print(rows)
        said = f"{len(findings)} checks of {family}: {counts['passed']} passed, {counts['failed']} failed"
        console.print(f"{said}, {counts['absent']} with nothing to check", style="bold")

    data = {"family": family, "ok": not counts[FAILED], "counts": counts, "findings": [plain(one) for one in findings]}
    return Answer(data=data, show=show, exit_code=1 if counts[FAILED] else 0)
