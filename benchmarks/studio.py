"""From a stroke to its photo in the studio, in a real browser; and what a studio holds."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from measure import SKETCH, Measurement, alone

SHOE = SKETCH.parents[1] / "shoes" / "oxford.svg"
FACES, SHOES = "deepfacedrawing.faces256", "ups.shoes128"

# One more point of a stroke, until the photo of it has been decoded. In the page, so that no time of playwright counts.
_ONE = """async ([x, y, begin, end]) => {
  const sheet = document.querySelector('#sheet'), photo = document.querySelector('[data-pane=main] .photo');
  sheet.setPointerCapture = () => {};
  const box = sheet.querySelector('canvas').getBoundingClientRect();
  const send = (type) => sheet.dispatchEvent(new PointerEvent(type, {clientX: box.left + x * box.width,
    clientY: box.top + y * box.height, pointerId: 1, pointerType: 'mouse', bubbles: true, cancelable: true}));
  if (begin) send('pointerdown');
  const before = photo.dataset.number, at = performance.now();
  send('pointermove');
  while (photo.dataset.number === before) await new Promise((next) => setTimeout(next, 1));
  await photo.decode();
  const took = performance.now() - at;
  if (end) send('pointerup');
  return took;
}"""
_SLIDER = """async ([id, value]) => {
  const photo = document.querySelector('[data-pane=main] .photo'), range = document.getElementById(id);
  const before = photo.dataset.number, at = performance.now();
  range.value = value;
  range.dispatchEvent(new Event('input', {bubbles: true}));
  while (photo.dataset.number === before) await new Promise((next) => setTimeout(next, 1));
  await photo.decode();
  return performance.now() - at;
}"""


@contextmanager
def served(model: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A studio that runs: its address, and its process."""
    command = [sys.executable, "-m", "s2pzoo", "studio", "--no-open", "--port", "0", "-m", model]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout
    try:
        yield server.stdout.readline().strip(), server
    finally:
        server.terminate()
        server.wait()


@contextmanager
def page(model: str, drawing: Any) -> Iterator[tuple[Any, subprocess.Popen[str]]]:
    """The studio's page with a drawing on it, and the studio."""
    from playwright.sync_api import sync_playwright

    with served(model) as (address, server), sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        one = browser.new_page(viewport={"width": 1280, "height": 800})
        one.goto(address)
        one.wait_for_selector("html[data-ready=yes]")
        one.set_input_files("#file", str(drawing))
        one.wait_for_timeout(3000)
        yield one, server
        browser.close()


def stroke(model: str, drawing: Any, what: str, *, target: float, repeats: int) -> Measurement:
    """The 95th percentile, over points of strokes."""
    with page(model, drawing) as (one, _):
        took = []
        for index in range(repeats + 5):
            x, y = 0.3 + 0.4 * (index % 10) / 10, 0.2 + 0.6 * index / (repeats + 5)
            took.append(one.evaluate(_ONE, [x, y, index % 10 == 0, index % 10 == 9 or index == repeats + 4]))
            one.wait_for_timeout(400 if index % 10 == 9 else 16)  # between strokes the guide under it is begun
    worst = statistics.quantiles(took[5:], n=20)[-1]
    method = f"95th percentile of {repeats} points, in strokes of ten, from the event to the decoded photo, in Chromium"
    return Measurement(what=what, method=method, values=(worst,), unit="ms", target=target)


def measure_shoes(repeats: int = 60) -> Measurement:
    return stroke(SHOES, SHOE, "studio: a stroke to its photo, shoes", target=150, repeats=repeats)


def measure_faces(repeats: int = 60) -> Measurement:
    return stroke(FACES, SKETCH, "studio: a stroke to its photo, faces", target=250, repeats=repeats)


def measure_slider(repeats: int = 40) -> Measurement:
    with page(FACES, SKETCH) as (one, _):
        took = []
        for index in range(repeats + 5):
            took.append(one.evaluate(_SLIDER, ["option-blend-nose", 0.1 + 0.8 * (index % 9) / 9]))
            one.wait_for_timeout(16)
    method = f"median of {repeats}, from the event to the decoded photo, in Chromium"
    return Measurement(
        what="studio: a slider to its photo, faces", method=method, values=took[5:], unit="ms", target=80
    )


def measure_memory(repeats: int = 1) -> Measurement:
    with page(FACES, SKETCH) as (_, server), open(f"/proc/{server.pid}/status") as status:
        kilobytes = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    what, method = "studio: memory with one model", "largest resident set of the server; 1 MB is 10^6 bytes"
    return Measurement(what=what, method=method, values=(kilobytes * 1024 / 1e6,), unit="MB", target=1000)


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    alone(measure_faces)
