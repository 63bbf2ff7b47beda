"""What a verb answers and how it is told: the result on stdout, as text or JSON; everything else on stderr."""

from __future__ import annotations

import contextlib
import functools
import inspect
import json
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from attrs import field, frozen
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from s2pzoo.errors import OutputError, Remark, S2PZooError, UnexpectedError
from s2pzoo.host.guard import TRACEBACK, reason

_PIPE_WIDTH = 10_000  # a file or another program has no edge to wrap at
_NAMES = ("model", "plugin", "step", "component", "option")
_Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON, and nothing else, on stdout.")]


class InterruptedByUserError(S2PZooError):
    """Ctrl-C."""

    code = "E_INTERRUPTED"
    exit_code = 130  # as shells have it
    usual_fix = ""


@frozen(kw_only=True)
class Answer:
    """What a verb gives.

    Attributes:
        data: the whole result as plain data, for --json.
        show: prints it for people.
        exit_code: of the program.
    """

    data: Mapping[str, Any]
    show: Callable[[Console], None] = field(default=lambda _: None)
    exit_code: int = 0


def verb(command: Callable[..., Answer]) -> Callable[..., int]:
    """`command` as typer runs it: it also takes --json, its answer is printed, its exit code returned.

    With --json, whatever anything prints while it runs goes to stderr.
    """

    @functools.wraps(command)
    def told(*, as_json: bool, **arguments: Any) -> int:
        try:
            with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():
                answer = command(**arguments)
        except KeyboardInterrupt:  # caught here, before typer makes something of its own of it
            raise InterruptedByUserError("Interrupted.") from None
        except SystemExit as error:  # of a plugin, or of what it calls: no answer was given
            raise UnexpectedError(
                f"Something asked this program to end: {reason(error)}.", why="It may be a bug in a plugin.",
                fix=f"{TRACEBACK}=1 s2pzoo ... shows where it happened.",
            ) from error  # fmt: skip
        if as_json:
            print_json(answer.data)
        else:
            with told_if_closed():
                answer.show(_console(stderr=False))
        return answer.exit_code

    signature = inspect.signature(command, eval_str=True)
    flag = inspect.Parameter("as_json", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=_Json)
    parameters = [parameter.replace(kind=flag.kind) for parameter in signature.parameters.values()]
    told.__signature__ = signature.replace(parameters=[*parameters, flag])  # pyright: ignore[reportAttributeAccessIssue]
    told.__annotations__ = {parameter.name: parameter.annotation for parameter in (*parameters, flag)}
    return told


@contextlib.contextmanager
def own_stdout(arguments: Sequence[str]) -> Iterator[None]:
    """With --json, stdout is ours alone: what others write below Python goes to stderr, to the very end."""
    if not wants_json(arguments) or sys.stdout is None:
        yield
        return
    sys.stdout.flush()
    ours, usual = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="backslashreplace"), sys.stdout
    os.dup2(2, 1)
    sys.stdout = ours
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # told already
            ours.close()
        sys.stdout = sys.stderr or usual  # whoever prints at the very end


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether --json is among the options."""
    words = list(arguments)
    return "--json" in (words[: words.index("--")] if "--" in words else words)


def stderr() -> Console:
    """Where everything else goes: notes, progress, errors."""
    return _console(stderr=True)


def print_json(data: Mapping[str, Any]) -> None:
    """Print `data` on stdout.

    Raises:
        OutputError: it cannot be written there. BrokenPipeError: nobody reads it any more.
    """
    with told_if_closed():
        print(json.dumps(data, indent=2), flush=True)


@contextlib.contextmanager
def told_if_closed() -> Iterator[None]:
    """Within, something is written to stdout; OutputError where that is closed or full."""
    what = "The result cannot be written to standard output."
    if sys.stdout is None:
        raise OutputError(what, why="It is closed.", fix="Leave it open, or send it to a file.")
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(what, why=error.strerror or str(error), fix="Send it somewhere else.") from error


def table(*columns: str) -> Table:
    """A plain table without lines. Where it is too wide, all cells but those with names are folded."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold", no_wrap=column in _NAMES)
    return made


def note(console: Console, text: str) -> None:
    """One remark on stderr."""
    console.print(Text(text, style="yellow"), soft_wrap=True)


@contextlib.contextmanager
def remarks_as_notes() -> Iterator[None]:
    """Within, a `Remark` is told as a note; other warnings as ever."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", Remark)
        usual = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
            if issubclass(category, Remark):
                note(stderr(), str(message))
            else:
                usual(message, category, *where, **more)

        warnings.showwarning = show
        yield


@contextlib.contextmanager
def progress(console: Console, label: str, total: int) -> Iterator[Callable[[], None]]:
    """A progress bar while it lasts, on a terminal only; call the result after each of `total` pieces."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(label, total=total)
        yield lambda: bar.advance(task)


@contextlib.contextmanager
def reports() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar on stderr while it lasts, on a terminal only; tell it what is done, how much, of how much."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = stderr()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("loading", total=None)
        yield lambda what, done, total: bar.update(task, description=what, completed=done, total=total)


def tell(error: S2PZooError) -> None:
    """An error in red on stderr: its code and what happened, then why, then what to do."""
    text = Text.assemble((f"{error.code} ", "bold red"), (error.what, "red"))
    for line in (error.why, error.fix):
        if line:
            text.append("\n" + "\n".join(f"  {part.strip()}" for part in line.splitlines()))
    stderr().print(text, soft_wrap=True)


def tell_failures(problems: Sequence[tuple[Path, S2PZooError]], *, of: int) -> None:
    """Which of `of` files failed, on stderr.

    Raises:
        S2PZooError: the one failure itself, where nothing else was asked for.
    """
    if len(problems) == of == 1:
        raise problems[0][1]
    if problems:
        stderr().print(Text(f"{len(problems)} of {of} failed:", style="bold red"))
        for _, error in problems:
            tell(error)


def tell_traceback(error: BaseException) -> None:
    """The traceback on stderr, where the environment asks for it."""
    if os.environ.get(TRACEBACK, "") not in ("", "0"):
        traceback.print_exception(error)


def megabytes(size: int) -> str:
    """Bytes as people say them."""
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr, highlight=False)
    return console if console.is_terminal else Console(stderr=stderr, highlight=False, width=_PIPE_WIDTH)
