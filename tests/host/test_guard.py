from __future__ import annotations

import os
import subprocess
import sys

import pytest

from s2pzoo.host.guard import _alive


def test_a_process_is_alive_until_it_is_gone() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert _alive(child.pid)
    child.communicate(b"\n")
    assert not _alive(child.pid)


def test_nobody_is_asked_on_windows_where_the_question_is_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(os, "kill", lambda *_: pytest.fail("a signal was sent"))
    assert _alive(1)
