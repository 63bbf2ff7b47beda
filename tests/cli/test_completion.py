"""Shells complete verbs and options."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).with_name("s2pzoo")


def completed(line: str) -> list[str]:
    """What bash is offered at the end of a line."""
    words = line.split(" ")
    asked = {"_S2PZOO_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    done = subprocess.run([PROGRAM], env=os.environ | asked, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout.split("\n")


@pytest.mark.skipif(not PROGRAM.is_file(), reason="s2pzoo is not installed as a program")
@pytest.mark.parametrize(
    ("line", "offered"), [("s2pzoo gen", "generate"), ("s2pzoo che", "check"), ("s2pzoo generate --see", "--seed")]
)
def test_verbs_and_options_are_completed(line: str, offered: str) -> None:
    assert offered in completed(line)


@pytest.mark.skipif(not PROGRAM.is_file(), reason="s2pzoo is not installed as a program")
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_for_a_shell_is_printed(shell: str) -> None:
    done = subprocess.run(
        [PROGRAM, "--show-completion", shell],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
    )
    assert done.returncode == 0 and "_S2PZOO_COMPLETE" in done.stdout
