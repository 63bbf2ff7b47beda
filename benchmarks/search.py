"""How soon does the search of Contextual GAN reach what the paper's procedure reaches? How long do 16 drawings take?

    python benchmarks/search.py [--plot docs/images/search.png]

Both searches minimise the same loss, the paper's KL and perceptual terms. The paper's is 30 draws, then 1,000 steps
with momentum; ours begins with the learned initialiser and uses Adam.
"""

from __future__ import annotations

import argparse
import functools
import time
from pathlib import Path
from typing import Any

from measure import SKETCH, Measurement, alone, milliseconds

DRAWINGS = ("woman_bob_fringe", "man_beard", "rough_woman", "man_side_parting")
LIMIT = 5000  # milliseconds for one drawing


def measure(repeats: int = 5) -> Measurement:
    import torch

    pipeline, sketch = _pipeline(), _sketches(1)
    return Measurement(
        what="one search of contextualgan, 64 x 64",
        method=f"median of {repeats} after 1, default options, {torch.get_num_threads()} threads",
        values=milliseconds(lambda _: pipeline(sketch), repeats=repeats, warm_up=1),
        unit="ms",
        target=LIMIT,
    )


def measure_batch(repeats: int = 3) -> Measurement:
    """16 drawings in one batch, by how many times one takes."""
    import torch

    one, many = (min(milliseconds(lambda _, n=n: _curve(n, steps=20), repeats=repeats, warm_up=1)) for n in (1, 16))
    return Measurement(
        what="16 searches of contextualgan in a batch, against one",
        method=f"best of {repeats} each, 20 steps, {torch.get_num_threads()} threads",
        values=(many / one,),
        unit="times",
        target=3,
    )


def measure_paper(drawings: int = len(DRAWINGS)) -> Measurement:
    """The time our search needs to the loss that the paper's procedure ends with, as a share of the paper's time."""
    shares = []
    _curve(1, **{**_ours(), "steps": 2})  # a first run does not count
    for index in range(drawings):
        paper, ours = (_curve(1, first=index, **kind) for kind in (_paper(), _ours()))
        goal = paper[-1][1]
        reached = next((seconds for seconds, loss in ours if loss <= goal), float("inf"))
        shares.append(reached / paper[-1][0])
    return Measurement(
        what="time to the loss of the paper's search, against its time",
        method=f"median of {drawings} drawings of ours; 30 draws and 1,000 steps against initialiser and Adam",
        values=tuple(shares),
        unit="times",
        target=0.1,
    )


def plot(out: Path) -> None:
    """Loss against seconds of both searches on one drawing, on logarithmic axes."""
    import math

    from PIL import Image, ImageDraw

    from s2pzoo.imaging.write import write_image

    _curve(1, **{**_ours(), "steps": 2})  # a first run does not count
    curves = {"paper": _curve(1, **_paper()), "ours": _curve(1, **_ours())}

    points = [(math.log10(max(s, 1e-2)), math.log10(loss)) for curve in curves.values() for s, loss in curve]
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    low, high = min(y for _, y in points), max(y for _, y in points)
    sheet = Image.new("RGB", (640, 400), "white")
    pen = ImageDraw.Draw(sheet)

    def at(seconds: float, loss: float) -> tuple[float, float]:
        x = (math.log10(max(seconds, 1e-2)) - left) / (right - left)
        return 60 + 540 * x, 350 - 310 * (math.log10(loss) - low) / (high - low)

    pen.line([(60, 30), (60, 350), (610, 350)], fill="black")
    for power in range(math.ceil(left), math.floor(right) + 1):
        x, _ = at(10**power, 10**low)
        pen.line([(x, 350), (x, 356)], fill="black")
        pen.text((x - 8, 360), f"{10**power:g} s", fill="black")
    for loss in (10**low, 10**high):
        pen.text((8, at(1, loss)[1] - 6), f"{loss:.2g}", fill="black")
    for (name, curve), colour in zip(curves.items(), ("#888888", "#c03030"), strict=True):
        pen.line([at(*point) for point in curve], fill=colour, width=3)
        x, y = at(*curve[-1])
        pen.text((min(x, 560), y - 16), name, fill=colour)
    write_image(sheet, out)


def _paper() -> dict[str, Any]:
    from attrs import asdict
    from s2pzoo_contextualgan.config import PAPER_SEARCH

    return {**asdict(PAPER_SEARCH), "patience": PAPER_SEARCH.steps}


def _ours() -> dict[str, Any]:
    return {**_paper(), "start": "learned", "optimizer": "adam", "lr": 0.05, "steps": 120}


def _curve(count: int, *, first: int = 0, **fields: Any) -> list[tuple[float, float]]:
    """(seconds, best loss of the first drawing) after each step of a search on `count` drawings at once."""
    import torch
    from s2pzoo_contextualgan.config import Search
    from s2pzoo_contextualgan.joint import shrink
    from s2pzoo_contextualgan.projection import Known

    pipeline = _pipeline()
    drawn, search = _sketches(count, first=first), Search(**fields)
    begun, told = time.perf_counter(), []
    with torch.no_grad():
        sketch = shrink(drawn, 64)
        seen = torch.ones_like(sketch)
        known = Known(
            sketch=sketch, photo=sketch.expand(-1, 3, -1, -1), sketch_known=seen, photo_known=torch.zeros_like(seen)
        )
        guess = pipeline.components["initialiser"](sketch=drawn) if search.start == "learned" else None
        projection: Any = pipeline.components["projection"]
        projection.watch = lambda _step, _z, losses: told.append((time.perf_counter() - begun, float(losses[0])))
        projection.project(known, search, torch.Generator().manual_seed(0), guess=guess)
        projection.watch = None
    return told


@functools.cache
def _pipeline() -> Any:
    import s2pzoo

    return s2pzoo.load("contextualgan")


@functools.cache
def _sketches(count: int, *, first: int = 0) -> Any:
    import numpy as np
    import torch

    from s2pzoo.imaging.read import read_sketch

    files = [SKETCH.with_name(f"{DRAWINGS[(first + i) % len(DRAWINGS)]}.svg") for i in range(count)]
    return torch.from_numpy(np.stack([read_sketch(file, size=256).ink for file in files]))[:, None]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plot", type=Path, help="draw the curves of both searches there, and nothing else")
    asked = parser.parse_args()
    if asked.plot:
        plot(asked.plot)
    else:
        for one in (measure, measure_batch, measure_paper):
            alone(one)
