"""What becomes of heads that are drawn small, aside and tilted, once they are fitted to the face frame:

    python tools/moved_heads.py deepfacedrawing CORPUS --backbone squeezenet1_1.safetensors

LPIPS-squeeze of the photo to the true one, of drawings as they are and of the same drawings moved, read with
`fit="auto"`: the locator of heads finds the pupils, and the drawing is turned, scaled and shifted by them.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from rich.progress import track

import s2pzoo
from s2pzoo.data.dataset import evenly, open_dataset
from s2pzoo.evaluate.paired import LpipsSqueeze
from s2pzoo.imaging.pixels import to_bytes
from s2pzoo.nn.squeezenet import load_backbone

MOVES = {  # scale of the head, shift in pixels of 512, degrees
    "as they are": (1.0, 0, 0), "70 %": (0.7, 0, 0), "70 %, aside by 48": (0.7, 48, 0),
    "70 %, tilted by 20": (0.7, 0, 20), "70 %, aside, tilted": (0.7, 48, 20),
}  # fmt: skip


def moved(sketch: NDArray[np.float32], scale: float, aside: float, tilt: float) -> Image.Image:
    """The drawing (S,S) turned by `tilt` degrees and scaled about the middle of its sheet, then shifted."""
    side, angle = len(sketch), np.radians(tilt)
    c, s = np.cos(angle) / scale, np.sin(angle) / scale
    middle, x = side / 2, side / 2 + aside * side / 512
    matrix = (c, s, middle - c * x - s * middle, -s, c, middle + s * x - c * middle)
    picture = Image.fromarray(to_bytes(sketch))
    return picture.transform((side, side), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC, fillcolor=255)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--backbone", required=True)
    parser.add_argument("--count", type=int, default=40)
    arguments = parser.parse_args()
    model, faces = s2pzoo.load(arguments.model), open_dataset(arguments.corpus)
    lpips = LpipsSqueeze(backbone=load_backbone(arguments.backbone))
    errors: dict[str, list[float]] = {name: [] for name in MOVES}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "head.png"
        for count, index in enumerate(track(evenly(len(faces), arguments.count), description="heads")):
            level = ("clean", "rough")[count % 2]
            sketch = faces.sketch(int(index), np.random.default_rng(int(index)), level=level)
            truth = torch.from_numpy(faces.photo(int(index)).transpose(2, 0, 1))[None]
            sign = 1 if count % 4 < 2 else -1
            for name, (scale, aside, tilt) in MOVES.items():
                moved(sketch, scale, sign * aside, sign * tilt).save(file)
                drawn = model.read(file, fit="auto").tensor
                errors[name].append(float(lpips(model.execute({"sketch": drawn}, ["photo"])["photo"], truth)))
    for name, values in errors.items():
        print(f"{name}: {np.mean(values):.4f}")


if __name__ == "__main__":
    main()
