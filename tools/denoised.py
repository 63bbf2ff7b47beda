"""UPS with and without its attention, with and without simplification in front, on clean and noisy sketches:

    python tools/denoised.py ups.shoes128 SIMPLIFY COLLECTION --backbone squeezenet1_1.safetensors [--sheet FILE]

Of the test split. Noise is phi's (dense strokes or a patch of another sketch), on every sketch. FID-squeeze is of the
photos to the true ones that nothing pairs with them; `moved` is LPIPS-squeeze between the photos of a sketch with and
without noise: how far noise comes through.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from s2pzoo_ups.noise import NoiseComposition, dense_patterns
from torch import Tensor

import s2pzoo
from s2pzoo.data.unpaired import open_collection
from s2pzoo.evaluate.fid import frechet_distance
from s2pzoo.evaluate.paired import LpipsSqueeze
from s2pzoo.imaging.sheet import contact_sheet
from s2pzoo.imaging.write import write_image
from s2pzoo.nn.squeezenet import load_backbone, squeeze_features
from s2pzoo.pipeline.inputs import to_images
from s2pzoo.train.unpaired import to_tensor

VARIANTS = {"none": (False, False), "attention": (True, False), "simplify": (False, True), "both": (True, True)}
"""Whether the attention suppresses, and whether drawings are simplified first."""


@torch.no_grad()
def photos(model: Any, simplify: Any, sketches: Tensor, *, attend: bool, cleaned: bool) -> Tensor:
    """Photos (N,3,S,S) of drawings (N,1,S,S)."""
    made = []
    for part in sketches.split(8):
        part = simplify(sketch=part) if cleaned else part
        gray = model.components["translator"](sketch=part, attend=attend)["gray"]
        made.append(model.components["content"](gray=gray, colour=model.model.step("content").config.colour))
    return torch.cat(made)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("simplify")
    parser.add_argument("collection", type=Path)
    parser.add_argument("--backbone", required=True)
    parser.add_argument("--sheet", type=Path, help="holds the collection's sketches: never committed")
    arguments = parser.parse_args()
    model, simplify = s2pzoo.load(arguments.model), s2pzoo.load(arguments.simplify).components["network"]
    known = open_collection(arguments.collection, size=model.model.size)
    held = open_collection(arguments.collection, size=model.model.size, split="test")
    phi = NoiseComposition(
        known.sketches, dense_patterns(known.sketches), complex_=0.5, distractive=0.5, patch=50, how="min"
    )
    rng = np.random.default_rng(0)
    sketches = {
        "clean": to_tensor(list(held.sketches)),
        "noisy": to_tensor([phi(one, rng)[0] for one in held.sketches]),
    }
    backbone = load_backbone(arguments.backbone)
    lpips, truth = LpipsSqueeze(backbone=backbone), to_tensor(list(held.photos))
    rows: list[list[Image.Image]] = [to_images(sketches[name][:8]) for name in sketches]
    print("| | clean: FID | noisy: FID | moved |\n|---|---:|---:|---:|")
    for name, (attend, cleaned) in VARIANTS.items():
        made = {n: photos(model, simplify, drawn, attend=attend, cleaned=cleaned) for n, drawn in sketches.items()}
        scores = [
            frechet_distance(*(squeeze_features(x, backbone=backbone) for x in (made[n], truth))) for n in sketches
        ]
        with torch.no_grad():
            moved = torch.cat([
                lpips(a, b).flatten() for a, b in zip(made["noisy"].split(8), made["clean"].split(8), strict=True)
            ])  # fmt: skip
        print(f"| {name} | {scores[0]:.0f} | {scores[1]:.0f} | {moved.mean():.3f} |")
        rows += [to_images(made[n][:8]) for n in sketches]
    if arguments.sheet:
        write_image(contact_sheet(rows, cell=128), arguments.sheet)


if __name__ == "__main__":
    main()
