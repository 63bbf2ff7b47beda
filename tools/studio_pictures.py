"""The pictures of docs/studio.md and docs/study.md: our own drawings, in a real browser."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from s2pzoo.studio.study import new_study

ROOT = Path(__file__).resolve().parents[1]
SKETCHES, IMAGES = ROOT / "examples" / "sketches", ROOT / "docs" / "images"
SIZE = {"width": 1440, "height": 860}


def bring(page: Page, model: str, file: str) -> None:
    """A model, and a drawing on the sheet."""
    page.select_option("#model", model)
    page.wait_for_function("() => document.querySelector('#state').textContent === ''")
    page.click("#new")
    page.set_input_files("#file", str(SKETCHES / file))
    page.wait_for_timeout(2500)


@contextmanager
def page(*verb: str) -> Iterator[Page]:
    """What `s2pzoo VERB` opens."""
    command = [sys.executable, "-m", "s2pzoo", *verb, "--no-open", "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout
    address = server.stdout.readline().strip()
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        one = browser.new_page(viewport=SIZE, color_scheme="light")  # pyright: ignore[reportArgumentType]
        one.goto(address)
        yield one
        browser.close()
    server.terminate()


def studio() -> None:
    with page("studio") as one:
        one.wait_for_selector("html[data-ready=yes]")
        bring(one, "ups.shoes128", "shoes/oxford.svg")
        one.click("[aria-label=blue]")
        one.wait_for_timeout(1500)
        one.screenshot(path=IMAGES / "studio-shoe.png")
        bring(one, "deepfacedrawing.faces256", "faces/woman_strokes.json")
        one.locator(".asked input").first.check()
        one.locator("#option-traits-age").fill("0.6")
        one.wait_for_timeout(2000)
        one.screenshot(path=IMAGES / "studio-face.png")


def study(drawn: str = "rough_woman") -> None:
    with tempfile.TemporaryDirectory() as folder:
        Image.new("RGB", (256, 256), "white").save(photo := Path(folder) / f"{drawn}.png")  # it is not in the picture
        models = ("deepfacedrawing.faces256", "contextualgan.faces64")
        begun = new_study(Path(folder) / "study", {drawn: photo}, models)
        with page("study", "run", str(begun.folder), "--drawings", str(SKETCHES / "faces")) as one:
            one.wait_for_selector("#judge:not([hidden])")
            one.check("[name=meant-0][value='4']")
            one.wait_for_timeout(500)
            one.locator("#judge").screenshot(path=IMAGES / "study.png")


if __name__ == "__main__":
    studio()
    study()
