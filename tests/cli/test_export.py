"""`s2pzoo export`, and photos made of what it wrote; in processes of their own."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    not importlib.util.find_spec("openvino"), reason="the engines are not installed: s2pzoo[runtimes]"
)


def test_an_export_is_said_and_makes_photos(program: Callable, drawing: Callable, tmp_path: Path) -> None:
    done = program("export", "doodle.small", "-o", "out", "--calibrate", drawing("a.png"), "--json")
    assert done.code == 0 and done.json["runtime"] == "openvino" and done.json["photos"]["drawings"] == 1
    assert set(done.json["steps"]) and (tmp_path / "out" / "runtime.json").exists()
    assert program("generate", "a.png", "-m", "./out", "--runtime", "openvino", "-o", "photos").code == 0
    assert (tmp_path / "photos" / "a.png").exists()


def test_an_engine_that_is_none_is_told(program: Callable, drawing: Callable) -> None:
    for words in (("export", "doodle.small", "-o", "out"), ("generate", drawing("a.png"), "-m", "doodle.small")):
        done = program(*words, "--runtime", "tensorrt")
        assert done.code == 2 and "tensorrt" in done.err and "openvino" in done.err
