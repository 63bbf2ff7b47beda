"""`s2pzoo publish`: a bundle onto the Hub."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from s2pzoo.cli.output import Answer, megabytes, table
from s2pzoo.cli.verify import verify
from s2pzoo.weights.publish import publish as upload


def publish(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="The folder of a bundle.")],
    repo: Annotated[str, typer.Argument(metavar="OWNER/REPO", help="Where to; it is made if there is none.")],
    private: Annotated[bool, typer.Option("--private", help="Make it a private one.")] = False,
    sign: Annotated[
        Path | None, typer.Option("--sign", metavar="KEY.pem", help="Sign the manifest with this private key.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, upload nothing.")] = False,
) -> Answer:
    """Check a bundle and put it on the Hub; prints how to load it, and its entry for the catalogue."""
    checked = verify(str(bundle.resolve()))
    made = upload(bundle, repo, private=private, dry_run=dry_run, key=sign)
    data = {
        "model": checked.data["model"],
        "place": str(made.place),
        "url": made.url,
        "uploaded": not dry_run,
        "files": made.files,
        "entry": made.entry,
    }

    def show(console: Console) -> None:
        rows = table("file", "size")
        for name, size in made.files.items():
            rows.add_row(Text(name), megabytes(size))
        console.print(rows)
        state = "Nothing was uploaded. It would go to" if dry_run else "Published:"
        console.print(Text(f"\n{state} {made.url}"), soft_wrap=True)
        console.print(Text(f'  s2pzoo.load("hf://{made.place}")'), soft_wrap=True)
        console.print(Text(f"\nFor the catalogue, registry/bundles/{data['model']}.toml:\n"), soft_wrap=True)
        console.print(Text(made.entry), soft_wrap=True, end="")

    return Answer(data=data, show=show)
