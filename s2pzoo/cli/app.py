"""The verbs together, and the one place where an error becomes a message and an exit code."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

import s2pzoo
from s2pzoo.cli import output, tools, weights
from s2pzoo.cli.batch import batch
from s2pzoo.cli.check import check
from s2pzoo.cli.components import components
from s2pzoo.cli.compose import compose
from s2pzoo.cli.describing import explain, info
from s2pzoo.cli.doctor import doctor
from s2pzoo.cli.evaluate import eval_command
from s2pzoo.cli.evaluate_retrieval import eval_retrieval
from s2pzoo.cli.evaluate_unpaired import eval_unpaired
from s2pzoo.cli.export import export
from s2pzoo.cli.freeze import diff, freeze
from s2pzoo.cli.generate import generate
from s2pzoo.cli.listing import list_verb, plugins, search
from s2pzoo.cli.new import new
from s2pzoo.cli.publish import publish
from s2pzoo.cli.retrieve import retrieve
from s2pzoo.cli.sketch import sketch
from s2pzoo.cli.studio import studio
from s2pzoo.cli.study import study_new, study_report, study_run
from s2pzoo.cli.train import train
from s2pzoo.cli.verify import verify
from s2pzoo.errors import S2PZooError, UsageError
from s2pzoo.host.guard import left_behind, ours

_CommandLineError = typer.BadParameter.__mro__[2]  # the root of what typer raises for a command line it cannot read

_MAKE, _TRAIN = "Make pictures", "Train and measure"
_PANELS = {
    "Look": {"list": list_verb, "search": search, "info": info, "explain": explain, "compose": compose,
             "components": components, "plugins": plugins, "plugins freeze": freeze, "plugins diff": diff,
             "doctor": doctor},
    _MAKE: {"generate": generate, "batch": batch, "sketch": sketch, "studio": studio},
    "Find photos": {"retrieve": retrieve},
    "Weights": {
        "weights": weights.where, "weights where": weights.where, "weights pull": weights.pull,
        "weights verify": weights.check, "weights bundle": weights.carry, "weights rm": weights.rm, "publish": publish,
        "export": export,
    },
    "Write plugins": {"new": new, "check": check},
    _TRAIN: {
        "train": train, "eval": eval_command, "eval unpaired": eval_unpaired, "eval retrieval": eval_retrieval,
        "verify": verify, "study new": study_new, "study run": study_run, "study report": study_report,
    },
}  # fmt: skip
_NO_PLUGINS = "--no-plugins"
_OWN = {name: verb for verbs in _PANELS.values() for name, verb in verbs.items()}


def _version(asked: bool) -> None:
    if asked:
        print(f"s2pzoo {s2pzoo.__version__}")
        raise typer.Exit


_TELLING = frozenset(("--help", "-h", "--version"))


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
    no_plugins: Annotated[
        bool, typer.Option(_NO_PLUGINS, help="Load no plugin; --no-plugins=a,b: not these. Anywhere in the line.")
    ] = False,
) -> None:
    """The zoo for sketch-to-photo synthesis: drawings become photos."""


def make_app(asked: str) -> typer.Typer:
    """All verbs: our own, and those that plugins bring. Of the latter only the one that is `asked` for is loaded."""
    app = typer.Typer(
        name="s2pzoo",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    for panel, verbs in _PANELS.items():
        for name, verb in verbs.items():
            app.command(name, rich_help_panel=panel)(output.verb(verb))
    for one in tools.verbs() if asked not in _OWN else ():
        if one.name in _OWN:
            continue
        verb = output.verb(tools.command(one)) if one.name == asked else lambda: None
        panel = _MAKE if one.model else _TRAIN
        app.command(one.name, help=one.summary, rich_help_panel=panel)(verb)
    return app


def run(arguments: Sequence[str]) -> int:
    """Run one command line.

    Returns:
        the exit code: 0, the error's own, 2 for a command line that cannot be read, 130 after Ctrl-C, else 1.
    """
    with _switched_off(arguments) as left:
        return _run(joined(left) or ["--help"])


def _run(arguments: Sequence[str]) -> int:
    try:
        for at in left_behind():
            text = f"An earlier command ended without a word while {at}. `s2pzoo doctor` may tell more."
            output.note(output.stderr(), text)
        if "" in arguments:
            raise UsageError("A word of the command line is empty.", fix="Is a variable of your shell not set?")
        asked = _TELLING.intersection(arguments)  # typer prints these, and knows no full disk
        with output.remarks_as_notes(), output.told_if_closed() if asked else contextlib.nullcontext():
            code = make_app(arguments[0])(args=arguments, prog_name="s2pzoo", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except Exception as error:
        told = _own(error, arguments)
        output.tell_traceback(error)
        output.tell(told)
        if output.wants_json(arguments):
            with contextlib.suppress(S2PZooError, BrokenPipeError):  # stdout may be what failed
                output.print_json({"error": told.to_dict()})
        return told.exit_code


@contextlib.contextmanager
def _switched_off(words: Sequence[str]) -> Iterator[list[str]]:
    """Without `--no-plugins` (none of them) and `--no-plugins=a,b` (not these), which count before all else."""
    left = [word for word in words if word.partition("=")[0] != _NO_PLUGINS]
    before = {name: os.environ.get(name) for name in ("S2PZOO_PLUGINS", "S2PZOO_DISABLE")}
    for word in words:
        if word == _NO_PLUGINS:
            os.environ["S2PZOO_PLUGINS"] = "-"
        elif word.startswith(f"{_NO_PLUGINS}="):
            os.environ["S2PZOO_DISABLE"] = f"{os.environ.get('S2PZOO_DISABLE', '')},{word.partition('=')[2]}"
    try:
        yield left
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            os.environ.update({name: value} if value is not None else {})


def joined(words: Sequence[str]) -> list[str]:
    """A command line in which a verb of two words is one argument: `eval retrieval`."""
    verb = " ".join(words[:2])
    two = " " in verb and verb in _OWN
    return [verb, *words[2:]] if two else list(words)


def _own(error: Exception, arguments: Sequence[str]) -> S2PZooError:
    """The error as one of ours."""
    if isinstance(error, S2PZooError):
        return error
    if isinstance(error, _CommandLineError):
        known = not arguments[0].startswith("-") and arguments[0] in {*_OWN, *(one.name for one in tools.verbs())}
        help_line = f"s2pzoo {arguments[0]} --help" if known else "s2pzoo --help"
        return UsageError(error.format_message(), fix=f"Run: {help_line}")  # pyright: ignore[reportAttributeAccessIssue]
    return ours(error)
