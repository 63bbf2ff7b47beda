"""Sketch-BERT: the network, the sketch gestalt task, its objective and its step (Lin et al. 2020)."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from attrs import frozen
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from s2pzoo.data.lines import Lines, lines_of, moved
from s2pzoo.host.registry import default_registry
from s2pzoo.imaging.pixels import to_bytes
from s2pzoo.imaging.raster import rasterise
from s2pzoo.imaging.sequence import from_sequence, padded, to_sequence
from s2pzoo.imaging.sheet import contact_sheet
from s2pzoo.imaging.strokes import Strokes
from s2pzoo.interfaces import Encoder
from s2pzoo.nn.adapters import Trace
from s2pzoo.pipeline.plan import found
from s2pzoo.spec.fields import knob
from s2pzoo.spec.model import Model
from s2pzoo.train.recipe import Recipe, Start, preset
from s2pzoo.train.start import begin, begun
from s2pzoo.train.task import Backward, Networks, Task, numbers
from s2pzoo_encoders.config import SIZES, SketchBERTConfig, SketchBERTSmallConfig
from s2pzoo_encoders.plugin import traced_steps

BOX = 10.0
"""Offsets are learnt in tenths of the drawing's box, as in the released code."""

_SPECIAL, _PADDING, _FIRST = 0, 1, 2  # stroke ids
_BETWEEN = 8  # places on the way to the next point at which a token is laid out


class SketchBERT(Encoder):
    """strokes (N,T,5) -> latent (N,d), tokens (N,longest,d), features (N,d,grid,grid)."""

    Config = SketchBERTConfig

    def __init__(self, config: SketchBERTConfig) -> None:
        super().__init__(config)
        d_E, *refined = config.widths
        self.point = nn.Linear(5, d_E)
        self.position = nn.Embedding(config.longest + 2, d_E)
        self.stroke = nn.Embedding(config.strokes + _FIRST, d_E) if config.strokes else None
        widths = [d_E, *refined, config.hidden]
        self.refine = _chain(widths)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                config.hidden, config.heads, config.ffn, config.dropout, activation="gelu", batch_first=True
            )
            for _ in range(1 if config.shared else config.layers)
        )
        self.head = _chain([config.hidden, *refined[::-1], d_E, 5])
        for table in (self.position, self.stroke):
            if table is not None:
                nn.init.normal_(table.weight, std=0.02)

    def at_start(self) -> None:
        """Take the weights of a trained one, where the config names it."""
        if self.config.start:
            bundle, _ = found(default_registry(), self.config.start)
            bundle.load_into({"encoder": self})
            self.origin = self.config.start

    def forward(self, *, strokes: Tensor) -> dict[str, Tensor]:
        strokes = strokes[:, : self.config.longest]
        layers = self.encode(boxed(strokes))
        here, pooled = drawn(strokes)[..., None], layers[: self.config.pooled or None][-1]
        tokens = layers[-1][:, 2:]
        mean = (pooled[:, 2:] * here).sum(1) / here.sum(1)
        return {
            "latent": pooled[:, 0] if self.config.pool == "cls" else mean,
            "tokens": F.pad(tokens, (0, 0, 0, self.config.longest - tokens.shape[1])),
            "features": laid_out(tokens, strokes, grid=self.config.grid),
        }

    def encode(self, points: Tensor) -> list[Tensor]:
        """Points (N,T,5), offsets in tenths of the box -> after each layer the tokens (N,2+T,d): CLS, where the pen
        starts, the points."""
        here = drawn(points)
        special = points.new_tensor([-1.0, 0.0])[:, None].expand(len(points), 2, 5)  # CLS, and where the pen starts
        rows, there = torch.cat([special, points], 1), F.pad(here, (2, 0), value=True)
        E = self.point(rows) + self.position.weight[: rows.shape[1]]
        if self.stroke is not None:
            count = (points[..., 3].cumsum(1) - points[..., 3]).long().clamp(0, self.config.strokes - 1) + _FIRST
            E = E + self.stroke(F.pad(torch.where(here, count, _PADDING), (2, 0), value=_SPECIAL))
        H = [self.refine(E)]
        for layer in itertools.islice(itertools.cycle(self.layers), self.config.layers):
            H.append(layer(H[-1], src_key_padding_mask=~there))
        return H[1:]

    def recover(self, points: Tensor, unknown: Tensor) -> Tensor:
        """The points (N,T,5) that it takes for those whose numbers are `unknown` (N,T,5): offsets, logits of states."""
        return self.head(self.encode(points * ~unknown)[-1][:, 2:])


class SmallSketchBERT(SketchBERT):
    """The same, with a config of its own name."""

    Config = SketchBERTSmallConfig


def _chain(widths: list[int]) -> nn.Sequential:
    """Linear layers with nothing between them, as in the released code."""
    return nn.Sequential(*(nn.Linear(a, b) for a, b in itertools.pairwise(widths)))


def drawn(strokes: Tensor) -> Tensor:
    """(N,T): whether a row is of the drawing; the first one that ends it is."""
    return (strokes[..., 4].cumsum(1) - strokes[..., 4]) < 0.5


def boxed(strokes: Tensor) -> Tensor:
    """The same with offsets in tenths of the width and the height of the drawing's box."""
    place, here = strokes[..., :2].cumsum(1), (drawn(strokes) & (strokes[..., 4] < 0.5))[..., None]
    low, high = place.masked_fill(~here, torch.inf).amin(1), place.masked_fill(~here, -torch.inf).amax(1)
    side = (high - low).nan_to_num(0.0, 0.0, 0.0).clamp(min=1e-3)[:, None]  # of nothing, and of a dot
    return torch.cat([strokes[..., :2] * here * BOX / side, strokes[..., 2:]], -1)


def laid_out(tokens: Tensor, strokes: Tensor, *, grid: int) -> Tensor:
    """The mean of the tokens (N,T,d) along the lines in each cell of a map (N,d,grid,grid); nothing where none is."""
    place = strokes[..., :2].cumsum(1)
    ink = drawn(strokes) & (strokes[..., 4] < 0.5)
    on = ink & (strokes[..., 2] > 0.5)  # the pen goes on to the next point
    share = torch.arange(_BETWEEN, device=tokens.device).to(tokens) / _BETWEEN
    share = share * on[..., None]  # (N,T,B)
    place, tokens = (
        torch.lerp(x[:, :, None], torch.cat([x[:, 1:], x[:, -1:]], 1)[:, :, None], share[..., None].to(x))
        for x in (place, tokens)
    )
    cell = (place * grid).long().clamp(0, grid - 1)
    cell = (cell[..., 1] * grid + cell[..., 0]).flatten(1)  # (N,TB)
    weight = ink[..., None].expand_as(share).flatten(1).to(tokens)
    kept = tokens.flatten(1, 2) * weight[..., None]
    sums = kept.new_zeros(len(kept), grid * grid, kept.shape[-1]).scatter_add(1, cell[..., None].expand_as(kept), kept)
    count = weight.new_zeros(len(kept), grid * grid).scatter_add(1, cell, weight)
    return (sums / count.clamp(min=1)[..., None]).mT.unflatten(2, (grid, grid))


# Sketch gestalt: masked points are recovered


def masked(sequence: NDArray[np.float32], rng: np.random.Generator, *, share: float) -> NDArray[np.bool_]:
    """Which numbers of a sequence (T,5) are hidden: a `share` of the places and, apart from them, of the states.

    Places are taken alike from the first points of strokes and from the others, states from each of the three; that
    the drawing is over is always hidden.
    """
    hidden = np.zeros((len(sequence), 5), bool)
    state = sequence[:, 2:].argmax(1)
    first = np.concatenate([[True], state[:-1] == 1]) & (state < 2)
    for group in (first, ~first & (state < 2)):
        hidden[_some(group, rng, share), :2] = True
    for one in range(2):
        hidden[_some(state == one, rng, share), 2:] = True
    hidden[state == 2, 2:] = True
    return hidden


def _some(group: NDArray[np.bool_], rng: np.random.Generator, share: float) -> NDArray[np.intp]:
    """A share of the group, one at least."""
    members = np.flatnonzero(group)
    return rng.permutation(members)[: max(1, round(share * len(members)))]


def objective(recovered: Tensor, points: Tensor, unknown: Tensor) -> dict[str, Tensor]:
    """L1 of the hidden places, and the cross-entropy of the hidden states."""
    places, states = unknown[..., 0], unknown[..., 2]
    return {
        "points": (recovered - points)[places][:, :2].abs().sum(-1).mean(),
        "states": F.cross_entropy(recovered[states][:, 2:], points[states][:, 2:].argmax(-1)),
    }


@frozen(kw_only=True)
class Data:
    """Drawings, as strokes or as pictures that are traced; see `s2pzoo.data.lines`."""

    drawings: str = knob("train", help="folder of drawings in the data folder; several: joined by +")
    preview: str = knob("test", help="folder of what is held out, for the samples")
    turn: float = knob(8.0, low=0, help="degrees by which a drawing may be turned")
    scale: float = knob(0.15, low=0, high=0.9, help="how much wider or higher it may be made")
    shuffled: float = knob(0.5, low=0, high=1, help="how often its strokes come in another order")


@frozen(kw_only=True)
class GestaltNetworks:
    preset: str = knob("small", help=f"the size: one of {', '.join(SIZES)}")
    start: Start = Start()


@frozen(kw_only=True)
class Weights:
    points: float = knob(1.0, low=0, released=1.0, help="places")
    states: float = knob(1.0, low=0, released=1.0, help="states of the pen")


@frozen(kw_only=True)
class Rules:
    share: float = knob(0.15, low=0, high=1, paper=0.15, help="of the numbers, hidden")


@frozen(kw_only=True)
class GestaltRecipe(Recipe):
    data: Data = Data()
    networks: GestaltNetworks = GestaltNetworks()
    weights: Weights = Weights()
    rules: Rules = Rules()


class Gestalt(Task):
    """Sketch gestalt: what is hidden of a drawing is recovered."""

    Recipe = GestaltRecipe

    def __init__(self, *, recipe: Any, data: Path) -> None:
        super().__init__(recipe=recipe, data=data)
        self.config = preset(SIZES, recipe.networks.preset)
        self.known, self.held_out = (
            [lines for one in names.split("+") for lines in lines_of(data / one, longest=self.config.longest)]
            for names in (recipe.data.drawings, recipe.data.preview)
        )
        kind = SmallSketchBERT if isinstance(self.config, SketchBERTSmallConfig) else SketchBERT
        self.networks = {"encoder": kind(self.config)}
        begin(self.networks, recipe.networks.start.bundle)
        self.ema = ("encoder",)
        self.optimizers["encoder"] = self.adam(self.networks["encoder"])

    def draw(self, rng: np.random.Generator) -> dict[str, Tensor]:
        settings = self.recipe.data
        chosen = [self.known[i] for i in rng.integers(len(self.known), size=self.recipe.schedule.batch)]
        return self._batch(
            [moved(one, rng, turn=settings.turn, scale=settings.scale, shuffled=settings.shuffled) for one in chosen],
            rng,
        )

    def _batch(self, drawings: list[Lines], rng: np.random.Generator) -> dict[str, Tensor]:
        sequences = [to_sequence(lines)[: self.config.longest] for lines in drawings]
        hidden = [masked(one, rng, share=self.recipe.rules.share) for one in sequences]
        strokes = torch.from_numpy(padded(sequences))
        unknown = torch.zeros_like(strokes, dtype=torch.bool)
        for row, one in zip(unknown, hidden, strict=True):
            row[: len(one)] = torch.from_numpy(one)
        return {"strokes": strokes, "unknown": unknown}

    def step(self, batch: dict[str, Tensor], index: int, backward: Backward) -> dict[str, float]:
        points = boxed(batch["strokes"])
        recovered = cast(SketchBERT, self.networks["encoder"]).recover(points, batch["unknown"])
        terms = objective(recovered.float(), points, batch["unknown"])
        self.minimise("encoder", self.weighted(terms), backward)
        return numbers(terms)

    def sample(self, networks: Networks) -> Image.Image:
        """Held-out drawings; what is left of them; with the places that were recovered."""
        some = np.linspace(0, len(self.held_out) - 1, 8).astype(int)
        batch = self._batch([self.held_out[i] for i in some], np.random.default_rng(0))
        strokes, unknown = (value.to(self.device) for value in batch.values())
        points = boxed(strokes)
        side = strokes[..., :2].abs().sum(1, keepdim=True) / points[..., :2].abs().sum(1, keepdim=True).clamp(min=1e-6)
        places = unknown[..., :1]
        guessed = networks["encoder"].recover(points, unknown)[..., :2] * side
        rows = []
        for offsets in (strokes[..., :2], strokes[..., :2] * ~places, torch.where(places, guessed, strokes[..., :2])):
            rows.append([_shown(torch.cat([o, s], -1)) for o, s in zip(offsets, strokes[..., 2:], strict=True)])
        return contact_sheet([list(column) for column in zip(*rows, strict=True)], cell=128)

    def finished(self, networks: Networks) -> tuple[Model, Networks]:
        steps = traced_steps(self.config)
        name = f"encoders.sketchbert-{self.recipe.networks.preset}"
        parts = {**networks, "tracing": Trace(steps[0].config)}
        return Model(name, steps=steps, output="latent", size=256, blank_ok=True), parts

    def facts(self) -> dict[str, Any]:
        return {"drawings": len(self.known), **begun({"start": self.recipe.networks.start.bundle})}


def _shown(sequence: Tensor) -> Image.Image:
    lines = [line for line in from_sequence(sequence.float().cpu().numpy()) if len(line) > 1]
    return Image.fromarray(to_bytes(rasterise(Strokes.of(lines), 128)))
