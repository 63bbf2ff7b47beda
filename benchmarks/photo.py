"""How long does one photo take, from a file of 256 x 256 pixels to a picture?"""

from __future__ import annotations

import tempfile
from pathlib import Path

from measure import MODEL, SKETCH, Measurement, alone, milliseconds


def measure(repeats: int = 20) -> Measurement:
    import torch

    import s2pzoo
    from s2pzoo.imaging.read import read_sketch
    from s2pzoo.pipeline.inputs import to_images

    pipeline = s2pzoo.load(MODEL)
    ink = torch.from_numpy(read_sketch(SKETCH, size=256).ink)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sketch.png"
        to_images(ink[None, None])[0].save(file)
        values = milliseconds(lambda _: pipeline(file), repeats=repeats)
    return Measurement(
        what="one photo, 256 x 256",
        method=f"median of {repeats} after 3, from a PNG file to a picture, {torch.get_num_threads()} threads",
        values=values,
        unit="ms",
        target=150,
    )


if __name__ == "__main__":
    alone(measure)
