"""What becomes of drawn faces whose components lie off their places, with windows that are fixed and that follow:

    python tools/moved_windows.py deepfacedrawing CORPUS --windows BUNDLE --backbone squeezenet1_1.safetensors

LPIPS-squeeze of the photo to the true one, of drawings as they are and of the same drawings with each component moved,
as they lie and after `deepfacedrawing/windows`; and by how many pixels of 256 the corners of its windows are off.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.progress import track
from s2pzoo_deepfacedrawing.windows import WindowsRules, corners, inverse, moved, random_moves

import s2pzoo
from s2pzoo.data.dataset import evenly, open_dataset
from s2pzoo.evaluate.paired import LpipsSqueeze
from s2pzoo.imaging.rough import LEVELS
from s2pzoo.nn.squeezenet import load_backbone


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--windows", required=True, help="a model or a bundle's folder")
    parser.add_argument("--backbone", required=True)
    parser.add_argument("--count", type=int, default=60)
    arguments = parser.parse_args()
    model, faces = s2pzoo.load(arguments.model), open_dataset(arguments.corpus)
    folder = Path(arguments.windows)
    windows: Any = s2pzoo.load(folder if folder.exists() else arguments.windows).components["windows"]
    face, lpips = windows.config.face, LpipsSqueeze(backbone=load_backbone(arguments.backbone))
    errors: dict[str, list[float]] = {}
    off: dict[str, list[float]] = {}
    for count, index in enumerate(track(evenly(len(faces), arguments.count), description="faces")):
        rng = np.random.default_rng(int(index))
        level = list(LEVELS)[count % len(LEVELS)]
        sketch = torch.from_numpy(faces.sketch(int(index), rng, level=level))[None, None]
        truth = torch.from_numpy(faces.photo(int(index)).transpose(2, 0, 1))[None]
        theta = random_moves(rng, 1, face, WindowsRules(still=0))
        for name, moves in (("as they are", torch.zeros_like(theta)), ("moved", theta)):
            given = moved(sketch, moves, face) if moves.any() else sketch
            for how in ("fixed", "auto"):
                placed = windows(sketch=given, windows=how)
                photo = model.execute({"sketch": placed}, ["photo"])["photo"]
                errors.setdefault(f"{name}, {how}", []).append(float(lpips(photo, truth)))
            with torch.no_grad():
                wanted, found = corners(inverse(moves), face), corners(windows.theta(given), face)
            still = corners(torch.zeros_like(moves), face)
            for how, guess in (("fixed", still), ("auto", found)):
                off.setdefault(f"{name}, {how}", []).append(float((guess - wanted).norm(dim=-1).mean()) * 256)
    for name, values in errors.items():
        print(f"{name}: LPIPS {np.mean(values):.4f}, corners off by {np.mean(off[name]):.1f}")


if __name__ == "__main__":
    main()
