"""The studio as people run it: `s2pzoo studio` as a process of its own, and what people do on its page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

ROOT = Path(__file__).resolve().parents[2]
SKETCHES = ROOT / "examples" / "sketches"
MODELS = ("deepfacedrawing", "ups", "contextualgan")


@frozen
class Studio:
    """One that runs."""

    address: str
    process: subprocess.Popen[str]

    @property
    def base(self) -> str:
        """`http://127.0.0.1:PORT`"""
        return self.address.partition("/?")[0]

    @property
    def token(self) -> str:
        """What whoever asks must know."""
        return self.address.partition("token=")[2]

    def stop(self) -> None:
        """As Ctrl-C does."""
        self.process.terminate()
        self.process.wait(timeout=20)


def start(
    *words: str, verb: Sequence[str] = ("studio",), port: int = 0, plugins: Sequence[str] = MODELS,
    path: Sequence[Path] = (),
) -> Studio:  # fmt: skip
    """s2pzoo studio, or another verb with a page, once it listens."""
    folders = os.pathsep.join(map(str, [*path, *filter(None, sys.path)]))
    environment = os.environ | {
        "PYTHONPATH": folders, "S2PZOO_PLUGINS": ",".join(("faces", *plugins)), "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    code = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); from s2pzoo.cli import main; "
    process = subprocess.Popen(
        [sys.executable, "-c", code + "sys.exit(main())", *verb, "--no-open", "--port", str(port), *words],
        env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout
    address = process.stdout.readline().strip()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{16,}", address), address
    return Studio(address, process)


class Page:
    """What people do on the page.

    Attributes:
        page: playwright's.
        faults: what the page's scripts raised.
    """

    def __init__(self, page: Any) -> None:
        self.page, self.faults = page, []
        page.on("pageerror", lambda fault: self.faults.append(str(fault)))

    def open(self, address: str) -> Page:
        """Itself, when it is ready."""
        self.page.goto(address)
        self.page.wait_for_selector("html[data-ready=yes]")
        return self

    def draw(self, *lines: Sequence[tuple[float, float]]) -> None:
        """Strokes of the mouse, points in sides of the sheet."""
        box = self.page.locator("#sheet canvas").bounding_box()
        for line in lines:
            at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in line]
            self.page.mouse.move(*at[0])
            self.page.mouse.down()
            for one in at[1:]:
                self.page.mouse.move(*one)
            self.page.mouse.up()

    def bring(self, file: Path) -> None:
        """A drawing, by the button."""
        self.page.set_input_files("#file", str(file))
        self.page.wait_for_function("() => document.querySelector('#drawings [aria-current]') !== null")

    def wait_for(self, what: str, *, timeout: float = 30_000) -> Any:
        """Until an expression of JavaScript holds; its value."""
        return self.page.wait_for_function(f"() => {what}", timeout=timeout).json_value()

    def settle(self) -> None:
        """Until the photos are those of what is drawn."""
        self.page.wait_for_selector(".pane[data-busy]", state="detached")

    def photos(self) -> int:
        """How many photos were shown so far in the main pane."""
        return int(self.page.locator("[data-pane=main] .photo").get_attribute("data-number") or 0)

    def pixels(self, selector: str = "[data-pane=main] .photo") -> list[int]:
        """Bytes RGBA of a picture, at most 32 x 32."""
        return self.page.evaluate(
            """async (selector) => {
              const image = document.querySelector(selector);
              await image.decode();
              const canvas = new OffscreenCanvas(32, 32), context = canvas.getContext("2d");
              context.drawImage(image, 0, 0, 32, 32);
              return [...context.getImageData(0, 0, 32, 32).data];
            }""",
            selector,
        )

    def stored(self) -> list[Any]:
        """The marks that the browser keeps of the present drawing."""
        self.page.wait_for_timeout(150)  # it writes a moment later
        return self.page.evaluate(
            "() => JSON.parse(localStorage.getItem('s2pzoo:drawing:' + JSON.parse(localStorage['s2pzoo:last'])))?.marks"
        )


FACE = (
    [(0.36, 0.47), (0.40, 0.45), (0.44, 0.47)], [(0.56, 0.47), (0.60, 0.45), (0.64, 0.47)],
    [(0.48, 0.6), (0.5, 0.62), (0.53, 0.6)], [(0.42, 0.72), (0.5, 0.74), (0.58, 0.72)],
    [(0.25, 0.35), (0.27, 0.6), (0.35, 0.8), (0.5, 0.9), (0.65, 0.8), (0.73, 0.6), (0.75, 0.35)],
)  # fmt: skip
