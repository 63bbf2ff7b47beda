"""Rough drawings made clean: the fully convolutional network, its weighted objective and its step (Simo-Serra et al.,
SIGGRAPH 2016), on lines that a simulated hand draws over.

The paper has artists draw rough over clean drawings (its inverse dataset construction), so that the clean line is where
the rough strokes are. So here: the hand draws every line several times, unsure, and adds what does not belong.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from attrs import frozen
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from s2pzoo.data.lines import Lines, lines_of, moved
from s2pzoo.imaging.rough import Roughness, draw, roughen
from s2pzoo.interfaces import Refiner
from s2pzoo.spec.fields import knob
from s2pzoo.spec.model import Model
from s2pzoo.train.adversary import Adversary
from s2pzoo.train.calibrate import recalibrate
from s2pzoo.train.paired import window
from s2pzoo.train.recipe import Part, Recipe, Start, part
from s2pzoo.train.sheet import sheet
from s2pzoo.train.start import begin, begun
from s2pzoo.train.task import Backward, Networks, Task, channels_last, numbers
from s2pzoo_simplify.config import SimplifyConfig
from s2pzoo_simplify.plugin import steps

_POINTS = 2000  # of a drawing at most
_PEN = 1.5  # of the clean line, in pixels of a 256-pixel frame

Sketch = NDArray[np.float32]


class Simplify(Refiner):
    """sketch (N,1,H,W) -> sketch, in [0,1], 1 is paper; H and W multiples of 8."""

    Config = SimplifyConfig

    def __init__(self, config: SimplifyConfig) -> None:
        super().__init__(config)
        a = config.width  # 48 in the paper; its 128, 256, 512 and 1024 are:
        b, c, d, e = (round(a * times / 3) for times in (8, 16, 32, 64))
        self.layers = nn.Sequential(
            _conv(1, a, kernel=5, stride=2), _conv(a, b), _conv(b, b),
            _conv(b, c, stride=2), _conv(c, c), _conv(c, c),
            _conv(c, c, stride=2), _conv(c, d), _conv(d, e), _conv(e, e), _conv(e, e), _conv(e, e), _conv(e, d),
            _conv(d, c), _doubled(c, c), _conv(c, c), _conv(c, b), _doubled(b, b), _conv(b, b), _conv(b, a),
            _doubled(a, a), _conv(a, a // 2), nn.Conv2d(a // 2, 1, 3, 1, 1),
        )  # fmt: skip

    def forward(self, *, sketch: Tensor) -> Tensor:
        made = self.layers(sketch * 2 - 1).sigmoid()
        return made if self.training else 1 - (self.config.gain * (1 - made)).clamp(max=1)


def _conv(inside: int, outside: int, *, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inside, outside, kernel, stride, kernel // 2), nn.BatchNorm2d(outside), nn.ReLU(inplace=True)
    )


def _doubled(inside: int, outside: int) -> nn.Sequential:
    return nn.Sequential(nn.ConvTranspose2d(inside, outside, 4, 2, 1), nn.BatchNorm2d(outside), nn.ReLU(inplace=True))


def loss_map(clean: Tensor, *, bins: int = 10, radius: int = 2) -> Tensor:
    """How much each pixel of clean drawings (N,1,H,W) counts: exp(-h) + .5, where h is the share of the pixels around
    it that are in the same of the `bins` of gray. So thin lines count as much as thick ones.

    The released code's figures: 10 bins, 2 pixels around.
    """
    kind = (clean * bins).long().clamp(0, bins - 1)
    same = F.one_hot(kind[:, 0], bins).movedim(-1, 1).to(clean)
    share = F.avg_pool2d(same, 2 * radius + 1, 1, radius, count_include_pad=False).gather(1, kind)
    return (-share).exp() + 0.5


def rough_and_clean(lines: Lines, rng: np.random.Generator, *, size: int) -> tuple[Sketch, Sketch]:
    """Lines in sides of the sheet -> (a rough drawing, the clean one), (S,S) in [0,1].

    Every line is drawn one to three times, in layers of strokes of their own pens; half of the drawings have
    scribbles and stray strokes over them, which the clean one has not. Places, lengths and gaps are of the hand, never
    of the lines: what is to come out can be told from the rough drawing.
    """
    known = [line * np.float32(size) for line in lines if len(line) > 1]
    hand = Roughness(
        shift=rng.uniform(0.1, 0.8), wobble=rng.uniform(0.2, 1.6), overshoot=rng.uniform(0, 6),
        broken=rng.uniform(0, 0.5), doubled=rng.uniform(0, 0.6),
    )  # fmt: skip
    rough = np.ones((size, size), np.float32)
    for share in (1.0, *rng.uniform(0, 1, rng.integers(0, 3))):
        some = [line for line in known if rng.random() < share]
        strokes = roughen(some, hand, rng, size=size)
        rough *= draw(strokes, size=size, width=rng.uniform(0.7, 2.6), ink=rng.uniform(0.45, 1), frame=size)
    if rng.random() < 0.5:
        for _ in range(rng.integers(1, 5)):
            mark = scribble(rng, size=size)
            rough *= draw([mark], size=size, width=rng.uniform(0.7, 1.6), ink=rng.uniform(0.15, 0.7), frame=size)
    grain = rng.normal(0, rng.uniform(0, 0.03), rough.shape)
    paper = rng.uniform(0.93, 1)
    rough = (rough * paper + grain).clip(0, 1).astype(np.float32)
    return rough, draw(known, size=size, width=_PEN, frame=size)


def scribble(rng: np.random.Generator, *, size: int) -> NDArray[np.float32]:
    """Hatching to and fro in a small box, or one stray stroke: (M,2) in pixels."""
    count = 2 if rng.random() < 0.5 else int(rng.integers(6, 30))
    angle, half = rng.uniform(0, np.pi), rng.uniform(0.02, 0.12, 2) * size
    along = np.linspace(-1, 1, count) * half[0]
    across = np.where(np.arange(count) % 2, 1, -1) * half[1] * rng.uniform(0.6, 1.1, count)
    turned = np.stack([along, across], 1) @ [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]
    return (turned + rng.uniform(0.1, 0.9, 2) * size).astype(np.float32)


@frozen(kw_only=True)
class Data:
    """Clean line drawings; see `s2pzoo.data.lines`."""

    drawings: str = knob("train", help="folder of drawings in the data folder; several: joined by +")
    preview: str = knob("test", help="folder of what is held out, for the samples")
    size: int = knob(256, low=32, help="side of the largest sheets they are drawn on, in pixels")
    crop: int = knob(128, low=16, paper=424, help="of the smallest, and of the squares that are cut out")
    turn: float = knob(30.0, low=0, high=180, released=180.0, help="degrees by which a drawing may be turned")
    scale: float = knob(0.3, low=0, high=0.9, help="how much wider or higher it may be made")


@frozen(kw_only=True)
class CleanupNetworks(SimplifyConfig):
    """The network's knobs, and where it begins."""

    critic: Part = part("core/patchgan", help="of clean drawings, where `weights.gan` asks for one", base=32)
    start: Start = Start()


@frozen(kw_only=True)
class Losses:
    adversarial: Part = part("core/lsgan", help="of the critic")


@frozen(kw_only=True)
class Weights:
    mse: float = knob(1.0, low=0, paper=1.0, help="of the weighted squares")
    gan: float = knob(0.0, low=0, paper=0.0, help="of the critic (Simo-Serra et al. 2018); 0: none")


@frozen(kw_only=True)
class Rules:
    critic_rate: float = knob(0.25, low=0, help="the critic's learning rate, times the network's")


@frozen(kw_only=True)
class CleanupRecipe(Recipe):
    data: Data = Data()
    networks: CleanupNetworks = CleanupNetworks()
    losses: Losses = Losses()
    weights: Weights = Weights()
    rules: Rules = Rules()


def batch_of(pairs: Sequence[Sequence[Sketch]]) -> dict[str, Tensor]:
    """Drawings, rough and clean, as `rough` and `clean`, (N,1,S,S)."""
    rough, clean = (torch.from_numpy(np.stack(sheets)[:, None]) for sheets in zip(*pairs, strict=True))
    return {"rough": rough, "clean": clean}


class Cleanup(Task):
    """The network on rough drawings x and the clean lines y beneath: || M (network(x) - y) ||^2, eq. 2.

    Squares alone leave a line pale where it may lie beside. A critic of clean drawings, the authors' later paper
    (Mastering Sketching, Simo-Serra et al., TOG 2018), makes it choose a place. Ours is shown x, too: it sees what y
    alone cannot tell, a line that was drawn and is gone.
    """

    Recipe = CleanupRecipe

    def __init__(self, *, recipe: Any, data: Path) -> None:
        super().__init__(recipe=recipe, data=data)
        self.known, self.held_out = (
            [lines for one in names.split("+") for lines in lines_of(data / one, longest=_POINTS)]
            for names in (recipe.data.drawings, recipe.data.preview)
        )
        self.config = SimplifyConfig(width=recipe.networks.width, gain=recipe.networks.gain)
        self.networks = channels_last({"network": Simplify(self.config)})
        begin(self.networks, recipe.networks.start.bundle)
        self.ema = ("network",)
        self.gan = None
        if recipe.weights.gan:
            critic, adversarial = recipe.networks.critic, recipe.losses.adversarial
            rate = recipe.rules.critic_rate
            self.gan = Adversary(self, critic, adversarial, kinds=("sketch",), condition=1, rate=rate)
        self.optimizers["network"] = self.adam(self.networks["network"])

    def draw(self, rng: np.random.Generator) -> dict[str, Tensor]:
        settings = self.recipe.data
        chosen = [self.known[i] for i in rng.integers(len(self.known), size=self.recipe.schedule.batch)]
        pairs = []
        for one in chosen:
            lines = moved(one, rng, turn=settings.turn, scale=settings.scale, shuffled=0)
            size = int(rng.integers(settings.crop, settings.size + 1))
            cut = window(size, settings.crop, rng)
            pairs.append([sheet[cut] for sheet in rough_and_clean(lines, rng, size=size)])
        return batch_of(pairs)

    def step(self, batch: dict[str, Tensor], index: int, backward: Backward) -> dict[str, float]:
        x, y = batch["rough"], batch["clean"]
        made = self.networks["network"](sketch=x).float()
        terms = {"mse": (loss_map(y) * (made - y).square()).mean()}
        if self.gan:
            terms["gan"] = self.gan.fool(condition=x, sketch=made)
        self.minimise("network", self.weighted(terms), backward)
        if self.gan:
            terms["critic"] = self.gan.judge(backward, self.rng(index, 1), condition=x, sketch=(y, made))
        return numbers(terms)

    def _calibrate(self, networks: Networks) -> None:
        def run() -> None:
            for batch in self.some_batches(16):
                networks["network"](sketch=batch["rough"])

        recalibrate([networks["network"]], run)

    def sample(self, networks: Networks) -> Image.Image:
        self._calibrate(networks)
        some = np.linspace(0, len(self.held_out) - 1, 8).astype(int)
        rng, size = np.random.default_rng(0), self.recipe.data.size // 8 * 8
        batch = batch_of([rough_and_clean(self.held_out[i], rng, size=size) for i in some])
        rough, clean = (sheets.to(self.device) for sheets in batch.values())
        return sheet({"rough": rough, "made": networks["network"](sketch=rough), "clean": clean})

    def finished(self, networks: Networks) -> tuple[Model, Networks]:
        self._calibrate(networks)
        return Model(self.recipe.name, steps=steps(self.config), output="clean_sketch", blank_ok=True), networks

    def facts(self) -> dict[str, Any]:
        return {"drawings": len(self.known), **begun({"start": self.recipe.networks.start.bundle})}
