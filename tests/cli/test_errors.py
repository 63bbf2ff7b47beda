"""How errors are told: text on stderr, JSON on stdout, exit codes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from s2pzoo.host.guard import TRACEBACK


def test_an_error_says_what_why_and_what_to_do(cli: Callable) -> None:
    done = cli("info", "dodle.small")
    assert done.code == 2
    assert done.out == ""
    assert done.err.startswith("E_UNKNOWN_MODEL Unknown model 'dodle.small'.")
    assert "doodle.small" in done.err


def test_with_json_an_error_is_an_object_on_stdout(cli: Callable) -> None:
    done = cli("info", "dodle.small", "--json")
    assert done.code == 2
    assert set(done.json) == {"error"}
    assert set(done.json["error"]) == {"code", "what", "why", "fix"}
    assert done.json["error"]["code"] == "E_UNKNOWN_MODEL"


@pytest.mark.parametrize(
    ("arguments", "help_line"),
    [
        (["lst"], "s2pzoo --help"),
        (["info"], "s2pzoo info --help"),
        (["morph", "--frames", "no"], "s2pzoo morph --help"),
    ],
)
def test_a_command_line_that_cannot_be_read_is_a_usage_error(
    cli: Callable, arguments: list[str], help_line: str
) -> None:
    done = cli(*arguments, "--json")
    assert done.code == 2
    assert done.json["error"]["code"] == "E_USAGE"
    assert help_line in done.json["error"]["fix"]


def test_nothing_at_all_shows_the_help(cli: Callable) -> None:
    done = cli()
    assert done.code == 0
    assert "generate" in done.out


def test_the_version(program: Callable) -> None:
    import s2pzoo

    done = program("--version")
    assert (done.code, done.out) == (0, f"s2pzoo {s2pzoo.__version__}\n")


def test_what_nobody_expected_is_told_in_short_and_in_full_when_asked(
    cli: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(name: str) -> None:
        raise ZeroDivisionError("by nought")

    monkeypatch.setattr("s2pzoo.cli.describing.describe", broken)
    done = cli("info", "doodle", "--json")
    assert done.code == 1
    assert done.json["error"]["code"] == "E_UNEXPECTED"
    assert done.json["error"]["what"] == "ZeroDivisionError: by nought"
    assert "S2PZOO_TRACEBACK=1" in done.json["error"]["fix"]
    assert "Traceback" not in done.err
    monkeypatch.setenv(TRACEBACK, "1")
    assert "Traceback" in cli("info", "doodle").err


def test_ctrl_c_ends_with_130_and_a_word(cli: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("s2pzoo.cli.describing.describe", interrupted)
    done = cli("info", "doodle")
    assert done.code == 130
    assert "Interrupted." in done.err


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_real_sigint_ends_with_130(program: Callable, site) -> None:
    heard = (
        "import os, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "  # a background job ignores it
    )
    before = (
        f"{heard}import s2pzoo.cli.describing as d\nd.describe = lambda _: os.kill(os.getpid(), {int(signal.SIGINT)})"
    )
    done = program("info", "doodle", before=before)
    assert done.code == 130
    assert "Interrupted." in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("arguments", [["--help"], ["plugins"], ["plugins", "--json"]])
def test_a_reader_that_has_gone_is_no_reason_for_a_traceback(arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "s2pzoo", *arguments], stdout=writer, stderr=subprocess.PIPE, text=True, timeout=60,
            check=False,
        )  # fmt: skip
    finally:
        os.close(writer)
    assert done.returncode == 1
    assert done.stderr == ""


def test_what_others_print_does_not_spoil_the_json(cli: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    from s2pzoo.zoo import describe

    def noisy(name: str) -> dict:
        print("noise")
        return describe(name)

    monkeypatch.setattr("s2pzoo.cli.describing.describe", noisy)
    done = cli("info", "doodle", "--json")
    assert done.json["name"] == "doodle.small"
    assert "noise" in done.err
