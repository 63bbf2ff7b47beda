"""The locator on sheets of people held out: `python tools/cards/locator.py data/corpus/test256 data/corpus/test2`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from s2pzoo_faces.locator import compose, corpus_heads, locate

SHEETS, HEADS, SIZE = 400, 300, 128
NEAR = 0.4
"""A head is found where both pupils are within this share of the eyes' distance."""


def main(folders: list[str]) -> None:
    """Print, for each corpus: the share of heads found, false heads a sheet, and how far the pupils are off."""
    rng = np.random.default_rng(7)
    for folder in map(Path, folders):
        heads = corpus_heads(folder, HEADS, rng)
        off, count, false = [], 0, 0
        for _ in range(SHEETS):
            ink, truth = compose(heads, rng, size=SIZE)
            found = [np.array(one.points) for one in locate(ink)]
            taken = set()
            for pupils in truth:
                eyes = np.hypot(*(pupils[1] - pupils[0]))
                errors = [np.hypot(*(points - pupils).T).max() / eyes for points in found]
                best = int(np.argmin(errors)) if errors else -1
                if errors and errors[best] < NEAR:
                    off.append(errors[best])
                    taken.add(best)
            count += len(truth)
            false += len(found) - len(taken)
        print(
            f"{folder.name}: {len(off) / count:.1%} of {count} heads found, {false / SHEETS:.4f} false a sheet, "
            f"pupils off by {np.median(off):.3f} of the eyes' distance (90 %: {np.percentile(off, 90):.3f})"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
