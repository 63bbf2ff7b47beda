"""A plugin that the studio does not know: its model, options and tools are on the page as it declares them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from studios import Page, Studio, start

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"


@pytest.fixture
def doodle(tmp_path: Path) -> Iterator[Studio]:
    """A studio where only this plugin is installed, with weights in its package."""
    site = Path(shutil.copytree(FIXTURES / "doodle", tmp_path / "site", ignore=shutil.ignore_patterns("__pycache__")))
    make = f"import s2pzoo; s2pzoo.build('doodle.small').save({str(site / 's2pzoo_doodle/weights/small')!r})"
    path = os.pathsep.join(map(str, [site, *filter(None, sys.path)]))
    environment = os.environ | {"PYTHONPATH": path, "S2PZOO_PLUGINS": "doodle", "S2PZOO_CACHE": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", make], check=True, env=environment)
    running = start(plugins=["doodle"], path=[site])
    yield running
    running.stop()


def test_its_model_options_and_tools_are_on_the_page(page: Any, doodle: Studio) -> None:
    own = Page(page).open(doodle.address)
    assert page.locator("#model option").all_text_contents() == ["doodle.small"]
    named = page.locator("#options [data-option]").evaluate_all("(all) => all.map((one) => one.dataset.option)")
    assert named == ["blend", "tone", "strength", "wild", "reference"]
    assert page.locator("[data-option=blend] input[type=range]").count() == 2
    assert page.locator("#option-tone option").all_text_contents() == ["light", "dark"]
    tools = page.locator("#tools [data-tool]").evaluate_all("(all) => all.map((one) => one.dataset.tool)")
    assert sorted(tools) == ["attention", "clean", "complete", "mix", "morph", "shadow", "sketch", "styles"]
    assert page.locator("#said").text_content() == ""
    own.draw([(0.2, 0.2), (0.8, 0.7)])
    own.wait_for("document.querySelector('.photo').naturalWidth === 32")
    for tool in ("attention", "clean", "shadow"):
        page.locator(f"[data-tool={tool}] summary").click()
        page.click(f"[data-tool={tool}] .go")
        page.wait_for_selector(f"[data-tool={tool}] .results img")
    assert own.faults == []
