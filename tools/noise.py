"""How much of the noise phi adds to sketches T and T' let go of, on the sketches of a collection that were held out:

    python tools/noise.py DATA/shoes ups.shoes128 [ups.shoes128@FOLDER ...]

Each sketch gets one piece of noise. `kept` is the ink of T'(T(S + noise)) near the noise's lines and far from S's own,
`own` the ink of the same drawing near S's lines alone; the share is one of the other. `AUC` is how well the attention A
tells the noise's cells from the strokes'; .5 is guessing. `off` is how much the gray photo changes when the attention
suppresses nothing.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from s2pzoo_ups.noise import NoiseComposition, dense_patterns
from scipy.ndimage import binary_dilation
from scipy.stats import rankdata

import s2pzoo
from s2pzoo.data.unpaired import open_collection
from s2pzoo.train.unpaired import to_tensor

NEAR, FAR = 1, 4  # pixels from a line


def auc(of: NDArray[np.float32], over: NDArray[np.float32]) -> float:
    """How often one of the first is larger than one of the second."""
    ranks = rankdata(np.concatenate([of, over]))[: len(of)]
    return float((ranks.sum() - len(of) * (len(of) + 1) / 2) / (len(of) * len(over)))


def near(ink: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    return np.stack([np.asarray(binary_dilation(one, iterations=reach), bool) for one in ink])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("collection", type=Path)
    parser.add_argument("models", nargs="+", help="a model, or MODEL@FOLDER")
    arguments = parser.parse_args()
    train, test = (open_collection(arguments.collection, size=128, split=split) for split in ("train", "test"))
    pool = dense_patterns(train.sketches)
    phi = NoiseComposition(test.sketches, pool, complex_=0.5, distractive=0.5, patch=50, how="min")
    made = [phi(sketch, np.random.default_rng(index)) for index, sketch in enumerate(test.sketches)]
    noised, noise = (np.stack(both) for both in zip(*made, strict=True))
    strokes, added = test.sketches < 200, noise < 200
    alone = near(added, NEAR) & ~near(strokes, FAR)
    own = near(strokes, NEAR) & ~near(added, FAR)
    print(f"{len(noised)} sketches of {arguments.collection.name}")
    for named in arguments.models:
        name, _, folder = named.partition("@")
        model = s2pzoo.load(name, weights=folder or None)
        S = to_tensor(list(noised)).to(model.device)
        with torch.no_grad():
            T, T_ = model.components["translator"], model.components["sketcher"]
            one = T(sketch=S)
            drawn = 1 - T_(gray=one["gray"])[:, 0].cpu().numpy()
            A = torch.nn.functional.interpolate(one["attention"], S.shape[-2:])[:, 0].cpu().numpy()
            off = (one["gray"] - T(sketch=S, attend=False)["gray"]).abs().mean().item()
        shares = drawn[alone].mean(), drawn[own].mean()
        print(
            f"{named}: kept {shares[0]:.3f}, own {shares[1]:.3f} (share {shares[0] / shares[1]:.2f}), "
            f"AUC {auc(A[alone], A[own]):.2f}, off {off:.4f}"
        )


if __name__ == "__main__":
    main()
