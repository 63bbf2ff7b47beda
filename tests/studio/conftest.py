"""A studio that runs, and a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from studios import Page, Studio, start

pytest.importorskip("fastapi", reason="the studio is not installed: s2pzoo[studio]")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Of several workers one has the studio and the browser (`--dist loadgroup`)."""
    for item in items:
        if {"studio", "page"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.xdist_group("studio"))


@pytest.fixture(scope="session")
def studio() -> Iterator[Studio]:
    """One for all tests that leave it as it is."""
    running = start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Debian's Chromium; playwright's own is a download."""
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed: apt install chromium")
    return {"executable_path": CHROMIUM, "args": ["--no-sandbox"]}


@pytest.fixture
def opened(page: Any, studio: Studio) -> Iterator[Page]:
    """The studio's page in a browser of its own; no script of it may raise anything."""
    one = Page(page).open(studio.address)
    yield one
    assert one.faults == []
