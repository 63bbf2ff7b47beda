"""docs/compose.md: its examples run, one after the other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[2] / "docs/compose.md"


def test_the_examples_run(capsys: pytest.CaptureFixture[str]) -> None:
    for family in ("deepfacedrawing", "contextualgan", "ups"):
        pytest.importorskip(f"s2pzoo_{family}")
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {"__name__": "page"}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    told = capsys.readouterr().out
    assert "projection" in told and "s2pzoo/gray-from-photo" in told
    assert names["photo"].size == (64, 64) and "deepfacedrawing.faces256:decoder" in told and len(blocks) == 4
