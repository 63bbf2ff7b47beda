"""docs/scale.md: its example runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs/scale.md"


@pytest.mark.filterwarnings("ignore::s2pzoo.errors.LicenceWarning")
def test_the_example_makes_two_photos(capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(block, str(PAGE), "exec"), {"__name__": "page"})
    assert "2 ['0000001.png', '0000002.png']" in capsys.readouterr().out
