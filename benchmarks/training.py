"""How much longer does an image take in stage 1 of UPS than in CycleGAN, networks of the same size?

By the recipes, on painted objects, a perceptual backbone with random weights; the mean over the steps with unpaired
losses and those without.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from measure import Measurement, alone

RECIPES = ("ups/stage1", "baselines/cyclegan-shoes128")
SKIPPED = 4

for fixture in ("objects", "faces"):
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "fixtures" / fixture))


def measure(repeats: int = 16) -> Measurement:
    import torch

    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = (_seconds_an_image(recipe, Path(folder), steps=repeats) for recipe in RECIPES)
    return Measurement(
        what="an image in a training step of UPS stage 1, against CycleGAN's",
        method=f"{1 / ours:.2f} and {1 / theirs:.2f} images/s, {repeats} steps of 4 after {SKIPPED}, float32, "
        f"{torch.get_num_threads()} threads",
        values=(ours / theirs,),
        unit="times",
    )


def _seconds_an_image(recipe: str, folder: Path, *, steps: int) -> float:
    from s2pzoo.testing import painted
    from s2pzoo.train import train

    data, out = folder / "data", folder / recipe
    if not data.exists():
        painted.write_collection(data / "shoes", photos=16, sketches=16, side=128)
        painted.write_backbone(folder / "squeezenet.safetensors")
    settings = [
        f"schedule.steps={SKIPPED + steps}",
        "schedule.minutes=0",
        "schedule.accelerator=cpu",
        f"log_every={SKIPPED}",
    ]
    if recipe == "ups/stage1":
        settings.append(f"losses.perceptual.backbone={folder / 'squeezenet.safetensors'}")
    train(recipe, data, out, overrides=settings, progress=False)
    logged = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    return (logged[-1]["seconds"] - logged[0]["seconds"]) / (4 * steps)


if __name__ == "__main__":
    alone(measure)
