"""What Sketch-BERT's pre-training is worth: masked points, retrieval of drawings of the same thing, nearest drawings.

    python tools/sketchbert.py BUNDLE --drawings DRAWINGS --named STROKES.json --held-out split.json --sheet sheet.png

DRAWINGS has train and test, as for encoders/gestalt. STROKES.json: THING_k -> strokes of a 256-pixel frame; things of
the split's `test` are asked for among all. The sheet shows our own drawings and those that lie nearest to them.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from s2pzoo_encoders.sketchbert import SketchBERT, SmallSketchBERT, boxed, masked
from torch import Tensor

from s2pzoo.data.lines import lines_of
from s2pzoo.imaging.raster import rasterise
from s2pzoo.imaging.read import read_sketch
from s2pzoo.imaging.resize import block_mean
from s2pzoo.imaging.sequence import from_sequence, padded, simplified, to_sequence, traced
from s2pzoo.imaging.sheet import contact_sheet
from s2pzoo.imaging.strokes import Strokes
from s2pzoo.spec.fields import read
from s2pzoo.weights.bundle import read_bundle

Sequences = Sequence[np.ndarray]
OWN = Path(__file__).parents[1] / "examples/sketches"


def networks(bundle: Path) -> dict[str, SketchBERT]:
    """The pre-trained one and one as it is born."""
    held = read_bundle(bundle)
    config = next(step.config for step in held.manifest.steps if step.name == "encoder")
    made = {}
    for name in ("pre-trained", "not trained"):
        torch.random.manual_seed(0)
        network = SmallSketchBERT(read(SmallSketchBERT.Config, config))
        if name == "pre-trained":
            held.load_into({"encoder": network})
        made[name] = network.eval()
    return made


@torch.no_grad()
def gestalt(network: SketchBERT | None, known: Sequences, asked: Sequences) -> dict[str, float]:
    """How far hidden points are guessed from where they went, in pixels of 256, and how many states are right."""
    everywhere = np.concatenate(known)
    mean, state = everywhere[:, :2].mean(0), int(everywhere[:, 2:].sum(0).argmax())
    off, right = [], []
    for index, sequence in enumerate(asked):
        hidden = masked(sequence, np.random.default_rng(index), share=0.15)
        strokes, unknown = torch.from_numpy(sequence[None]), torch.from_numpy(hidden[None])
        points = boxed(strokes)
        side = (strokes[..., :2].abs().sum(1) / points[..., :2].abs().sum(1).clamp(min=1e-6))[:, None]
        if network is None:
            places, states = torch.from_numpy(mean)[None, None], torch.eye(3)[state][None, None]
        else:
            guess = network.recover(points, unknown)
            places, states = guess[..., :2] * side, guess[..., 2:]
        places, states = places.expand(1, len(sequence), 2), states.expand(1, len(sequence), 3)
        off.append(((places - strokes[..., :2])[unknown[..., 0]] * 256).norm(dim=-1))
        right.append((states.argmax(-1) == strokes[..., 2:].argmax(-1))[unknown[..., 2]].float())
    return {"pixels": float(torch.cat(off).mean()), "states right": float(torch.cat(right).mean())}


@torch.no_grad()
def latents(network: SketchBERT, sequences: Sequences) -> Tensor:
    """(N,D), see `whitened`."""
    made = torch.cat(
        [
            network(strokes=torch.from_numpy(padded(sequences[at : at + 16])))["latent"]
            for at in range(0, len(sequences), 16)
        ]
    )
    return whitened(made)


def whitened(features: Tensor) -> Tensor:
    """Features (N,D) of length 1, centred, their first directions of equal weight: else a few, such as how many
    strokes there are, say what is near (Su et al. 2021)."""
    U, S, _ = torch.linalg.svd(features - features.mean(0), full_matrices=False)
    keep = min(64, len(features) // 8)
    made = U[:, :keep] * (S / (S + 0.05 * S[0]))[:keep]
    return made / made.norm(dim=1, keepdim=True)


def pixels(sequences: Sequences) -> Tensor:
    """Drawings as 32 x 32 pixels, blurred by that, (N,1024) of length 1, centred."""
    drawn = [rasterise(Strokes.of(from_sequence(one)), 128) for one in sequences]
    made = torch.from_numpy(np.stack([block_mean(1 - one, 4).ravel() for one in drawn]))
    made = made - made.mean(0)
    return made / made.norm(dim=1, keepdim=True)


def retrieval(features: Tensor, things: Sequence[str], asked: set[str]) -> dict[str, float]:
    """How often another drawing of the same thing is among the nearest 1, 5, 20."""
    near = features @ features.T
    near.fill_diagonal_(-2)
    queries = [i for i, thing in enumerate(things) if thing in asked and things.count(thing) > 1]
    hits = {
        k: [any(things[j] == things[i] for j in near[i].topk(k).indices.tolist()) for i in queries] for k in (1, 5, 20)
    }
    return {f"acc@{k}": float(np.mean(one)) for k, one in hits.items()} | {"drawings": len(queries)}


def nearest_sheet(network: SketchBERT, longest: int) -> Image.Image:
    """Some of our own drawings, each with the four that lie nearest to it."""
    files = sorted(one for kind in ("chairs", "shoes", "faces") for one in (OWN / kind).iterdir())
    drawn = [read_sketch(one, size=256).ink for one in files]
    features = latents(network, [traced(one, longest=longest) for one in drawn])
    near = (features @ features.T).topk(5, dim=1).indices.tolist()
    pictures = [Image.fromarray((one * 255).astype(np.uint8)) for one in drawn]
    chosen = [
        i
        for kind in ("chairs", "shoes", "faces")
        for i in [n for n, f in enumerate(files) if f.parent.name == kind][::6][:3]
    ]
    return contact_sheet([[pictures[j] for j in near[i]] for i in chosen], ["drawing", "nearest"], cell=112)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", type=Path)
    for name in ("--drawings", "--named", "--held-out", "--sheet"):
        parser.add_argument(name, type=Path)
    given = parser.parse_args()
    made = networks(given.bundle)
    longest = made["pre-trained"].config.longest
    if given.drawings:
        known, asked = (
            [to_sequence(one)[:longest] for one in lines_of(given.drawings / part, longest=longest)]
            for part in ("train", "test")
        )
        print(f"{len(asked)} held-out drawings")
        for name, network in [*made.items(), ("the mean of all points", None)]:
            print(name, {key: round(value, 3) for key, value in gestalt(network, known, asked).items()})
    if given.named:
        strokes = json.loads(given.named.read_text())
        held_out = set(json.loads(given.held_out.read_text())["test"])
        sequences = [
            to_sequence(simplified([np.array(line, np.float32) / 256 for line in lines], longest=longest))
            for lines in strokes.values()
        ]
        things = [name.rpartition("_")[0] for name in strokes]
        features = {name: latents(one, sequences) for name, one in made.items()} | {"pixels": pixels(sequences)}
        for name, seen in features.items():
            print(name, {key: round(value, 3) for key, value in retrieval(seen, things, held_out).items()})
    if given.sheet:
        nearest_sheet(made["pre-trained"], longest).save(given.sheet)


if __name__ == "__main__":
    main()
