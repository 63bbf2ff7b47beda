"""How far the colours of a face follow a reference photo:

    python tools/coloured.py MODEL CORPUS --backbone squeezenet1_1.safetensors [--sheet FILE]

Drawings of a corpus of people held out, each with its own photo for a reference, and with another person's. Told: the
distance of the cheeks' mean chroma (CIE-Lab's a and b) to the reference's, LPIPS-squeeze of the photo to the true one
where the reference is that, and the same of the model without a reference.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.progress import track
from s2pzoo_deepfacedrawing.traits import cheeks
from skimage.color import rgb2lab
from torch import Tensor

import s2pzoo
from s2pzoo.data.dataset import evenly, open_dataset
from s2pzoo.evaluate.paired import LpipsSqueeze
from s2pzoo.imaging.sheet import contact_sheet
from s2pzoo.imaging.write import write_image
from s2pzoo.nn.squeezenet import load_backbone
from s2pzoo.pipeline.inputs import to_images


def chroma(photo: Tensor) -> NDArray[np.float64]:
    """The mean a, b of the cheeks of a photo (1,3,S,S)."""
    return rgb2lab(cheeks(photo[0].permute(1, 2, 0).numpy())[None])[0, :, 1:].mean(0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--backbone", required=True)
    parser.add_argument("--count", type=int, default=48)
    parser.add_argument("--sheet", type=Path, help="holds the corpus' photos: never committed")
    arguments = parser.parse_args()
    model: Any = s2pzoo.load(arguments.model)
    faces, content = open_dataset(arguments.corpus), model.components["content"]
    lpips = LpipsSqueeze(backbone=load_backbone(arguments.backbone))
    some = evenly(len(faces), arguments.count)
    photos = [torch.from_numpy(faces.photo(int(i)).transpose(2, 0, 1).copy())[None] for i in some]
    rows, shown = [], []
    for index, photo in zip(some, track(photos, description="faces"), strict=True):
        sketch = faces.sketch(int(index), np.random.default_rng(int(index)), level="clean")
        drawn = torch.from_numpy(sketch)[None, None]
        other = photos[(len(rows) + len(photos) // 2) % len(photos)]
        gray = model.execute({"sketch": drawn}, ["gray"])["gray"]
        with torch.no_grad():
            usual, own, theirs = (content(gray=gray, reference=one) for one in (None, photo, other))
        far = [
            np.linalg.norm(chroma(a) - chroma(b))
            for a, b in ((usual, photo), (own, photo), (usual, other), (theirs, other))
        ]
        rows.append([*far, float(lpips(usual, photo)), float(lpips(own, photo))])
        shown.append([to_images(one)[0] for one in (drawn, usual, photo, own, other, theirs)])
    means = np.mean(rows, axis=0)
    print(
        f"own photo: cheeks off by {means[0]:.1f} without, {means[1]:.1f} with it; LPIPS {means[4]:.4f}, {means[5]:.4f}"
    )
    print(f"another's photo: cheeks off by {means[2]:.1f} without, {means[3]:.1f} with it; of {len(rows)}")
    if arguments.sheet:
        write_image(
            contact_sheet(shown[:10], ["sketch", "no reference", "own", "with it", "another", "with it"], cell=160),
            arguments.sheet,
        )


if __name__ == "__main__":
    main()
