"""The pictures of docs/studio.md: `python tools/studio_pictures.py`. Our own drawings, in a real browser."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

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


def main() -> None:
    command = [sys.executable, "-m", "s2pzoo", "studio", "--no-open", "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout
    address = server.stdout.readline().strip()
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE, color_scheme="light")  # pyright: ignore[reportArgumentType]
        page.goto(address)
        page.wait_for_selector("html[data-ready=yes]")
        bring(page, "ups.shoes128", "shoes/oxford.svg")
        page.click("[aria-label=blue]")
        page.wait_for_timeout(1500)
        page.screenshot(path=IMAGES / "studio-shoe.png")
        bring(page, "deepfacedrawing.faces256", "faces/woman_strokes.json")
        page.locator(".asked input").first.check()
        page.locator("#option-traits-age").fill("0.6")
        page.wait_for_timeout(2000)
        page.screenshot(path=IMAGES / "studio-face.png")
        browser.close()
    server.terminate()


if __name__ == "__main__":
    main()
