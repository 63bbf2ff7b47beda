"""Learned places of the components: the network, its objective and its step. Not in the paper, whose windows are fixed.

After "Spatial Transformer Networks" (Jaderberg et al., NIPS 2015): a localisation network looks at the whole drawing
and says of each window which square of the drawing belongs there; a sampler brings them all there at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from attrs import frozen
from PIL import Image
from rich.progress import track
from torch import Tensor, nn
from torch.nn import functional as F

from s2pzoo.interfaces import Refiner
from s2pzoo.spec.fields import knob
from s2pzoo.spec.model import Model
from s2pzoo.train.paired import PairedBatches, PairedData
from s2pzoo.train.recipe import Recipe, Start, preset
from s2pzoo.train.sheet import sheet
from s2pzoo.train.start import begin, begun
from s2pzoo.train.task import Backward, Networks, Task, channels_last, numbers
from s2pzoo_deepfacedrawing.config import PRESETS, Face, WindowsConfig
from s2pzoo_deepfacedrawing.plugin import window_steps

SEEN = 128
"""Side at which the localisation network sees a drawing."""


class PlacedWindows(Refiner):
    """sketch (N,1,S,S) -> the sketch with each component where its window has it."""

    Config = WindowsConfig

    def __init__(self, config: WindowsConfig) -> None:
        super().__init__(config)
        widths = (1, *config.widths)
        self.down = nn.Sequential(*(_halve(a, b) for a, b in zip(widths, config.widths, strict=False)))
        cells = (SEEN >> len(config.widths)) ** 2
        self.out = nn.Sequential(
            nn.Flatten(), nn.Linear(cells * widths[-1], 128), nn.ReLU(), nn.Linear(128, 4 * len(config.face.parts))
        )
        nn.init.zeros_(self.out[-1].weight)  # pyright: ignore[reportArgumentType]
        nn.init.zeros_(self.out[-1].bias)  # pyright: ignore[reportArgumentType]

    def forward(self, *, sketch: Tensor, windows: str = "auto") -> Tensor:
        """`windows`: auto, or fixed, which changes nothing."""
        if windows == "fixed":
            return sketch
        theta, face = self.theta(sketch), self.config.face
        off = corners(theta, face) - corners(torch.zeros_like(theta), face)
        moves = off.abs().amax((2, 3)) > self.config.least  # (N,P)
        return moved(sketch, theta * moves[..., None], face) if moves.any() else sketch

    def theta(self, sketch: Tensor) -> Tensor:
        """Shift x, y in sides of the canvas, logarithm of the scale, radians of each window, (N,P,4)."""
        return self.out(self.down(1 - seen(sketch))).float().unflatten(1, (-1, 4)) / 10


def seen(sketch: Tensor) -> Tensor:
    """A sketch (N,1,S,S) as the localisation network sees it."""
    return F.interpolate(sketch, (SEEN, SEEN), mode="area")


def _halve(a: int, b: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(a, b, 3, 2, 1, bias=False), nn.GroupNorm(8, b), nn.ReLU())


def moved(sketch: Tensor, theta: Tensor, face: Face) -> Tensor:
    """A sketch (N,1,S,S) in whose windows lies what theta (N,P,4) points at; between them it is bent smoothly."""
    side = sketch.shape[-1]
    along = (torch.arange(side, device=sketch.device, dtype=torch.float32) + 0.5) / side
    p = torch.stack(torch.meshgrid(along, along, indexing="xy"), -1)  # (S,S,2)
    flow, total = torch.zeros(len(sketch), side, side, 2, device=sketch.device), torch.zeros(side, side, 1).to(p)
    for window, transform in zip(face.parts, theta.unbind(1), strict=True):
        c, reach = _middle(window, face).to(p), window.side / face.size / 3
        share = torch.exp(-((p - c).square().sum(-1, keepdim=True) / reach**2).square() / 2)
        flow = flow + share * (_through(p - c, transform[:, None, None]) + c - p)
        total = total + share
    grid = p + flow / total.clamp(min=1)
    return 1 - F.grid_sample(1 - sketch, (grid * 2 - 1).to(sketch), mode="bilinear", align_corners=False)


def corners(theta: Tensor, face: Face) -> Tensor:
    """Where theta (N,P,4) has the corners of each component, half as wide as its window: (N,P,4,2), in sides."""
    square = torch.tensor([(-1.0, -1.0), (1.0, -1.0), (-1.0, 1.0), (1.0, 1.0)]).to(theta) / 4
    found = [
        _through(square * window.side / face.size, transform[:, None]) + _middle(window, face).to(theta)
        for window, transform in zip(face.parts, theta.unbind(1), strict=True)
    ]
    return torch.stack(found, 1)


def inverse(theta: Tensor) -> Tensor:
    """The moves (N,P,4) that undo these."""
    shift, scale, turn = theta.split([2, 1, 1], -1)
    back = torch.cat([torch.zeros_like(shift), -scale, -turn], -1)
    return torch.cat([-_through(shift, back), -scale, -turn], -1)


def _middle(window: Any, face: Face) -> Tensor:
    return torch.tensor([window.x + window.side / 2, window.y + window.side / 2]) / face.size


def _through(points: Tensor, theta: Tensor) -> Tensor:
    """Points (...,2) about a window's middle, turned, scaled and shifted by theta (...,4)."""
    x, y = points.unbind(-1)
    dx, dy, scale, turn = theta.unbind(-1)
    c, s = scale.exp() * turn.cos(), scale.exp() * turn.sin()
    return torch.stack([c * x - s * y + dx, s * x + c * y + dy], -1)


# The training


@frozen(kw_only=True)
class WindowsData(PairedData):
    """Faces, and how many drawings of them are kept."""

    drawings: int = knob(3000, low=1, help="of all levels of roughness, made before the first step")


@frozen(kw_only=True)
class WindowsNetworks:
    preset: str = knob("faces256", help=f"whose windows: one of {', '.join(PRESETS)}")
    start: Start = Start()


@frozen(kw_only=True)
class WindowsWeights:
    corners: float = knob(1.0, low=0, help="of where the corners of the windows go")


@frozen(kw_only=True)
class WindowsRules:
    still: float = knob(0.25, low=0, high=1, help="share of the components that stay where they are")
    shift: float = knob(0.06, low=0, help="of the others, at most, in sides of the canvas")
    scale: float = knob(0.2, low=0, help="logarithm of their scale, at most")
    turn: float = knob(15.0, low=0, help="degrees by which they are turned, at most")


@frozen(kw_only=True)
class WindowsRecipe(Recipe):
    data: WindowsData = WindowsData()
    networks: WindowsNetworks = WindowsNetworks()
    weights: WindowsWeights = WindowsWeights()
    rules: WindowsRules = WindowsRules()


class Windows(Task):
    """Drawn faces whose components were moved, and the way back."""

    Recipe = WindowsRecipe

    def __init__(self, *, recipe: Any, data: Path) -> None:
        super().__init__(recipe=recipe, data=data)
        self.data = PairedBatches(recipe.data, data, batch=16)
        rng = np.random.default_rng(recipe.seed)
        some = range(-(-recipe.data.drawings // 16))
        drawn = [seen(self.data.draw(rng)["sketch"]) for _ in track(some, description="drawing faces")]
        self.drawings = torch.cat(drawn)
        self.config = WindowsConfig(face=preset(PRESETS, recipe.networks.preset).encoder.face)
        self.networks = channels_last({"windows": PlacedWindows(self.config)})
        begin(self.networks, recipe.networks.start.bundle)
        self.ema = ("windows",)
        self.optimizers["windows"] = self.adam(self.networks["windows"])

    def draw(self, rng: np.random.Generator) -> dict[str, Tensor]:
        sketch = self.drawings[torch.from_numpy(rng.integers(len(self.drawings), size=self.recipe.schedule.batch))]
        theta = random_moves(rng, len(sketch), self.config.face, self.recipe.rules)
        return {"sketch": moved(sketch, theta, self.config.face), "theta": inverse(theta)}

    def step(self, batch: dict[str, Tensor], index: int, backward: Backward) -> dict[str, float]:
        found = self.networks["windows"].theta(batch["sketch"])  # pyright: ignore[reportCallIssue]
        face = self.config.face
        off = (corners(found, face) - corners(batch["theta"], face)).norm(dim=-1)
        terms = {"corners": off.mean() * face.size}  # in pixels of the canvas
        self.minimise("windows", self.weighted(terms), backward)
        return numbers(terms)

    def sample(self, networks: Networks) -> Image.Image:
        clean = self.data.preview(self.device)["sketch"]
        theta = random_moves(np.random.default_rng(0), len(clean), self.config.face, self.recipe.rules)
        given = moved(clean, theta.to(clean), self.config.face)
        return sheet({"moved": given, "placed": networks["windows"](sketch=given), "as it was": clean})

    def finished(self, networks: Networks) -> tuple[Model, Networks]:
        steps = window_steps(self.config)
        return Model("deepfacedrawing.windows", steps=steps, output="placed", blank_ok=True), networks

    def facts(self) -> dict[str, Any]:
        return {**self.data.facts(), **begun({"start": self.recipe.networks.start.bundle})}


def random_moves(rng: np.random.Generator, count: int, face: Face, rules: WindowsRules) -> Tensor:
    """How components are moved, (count,P,4)."""
    most = np.array([rules.shift, rules.shift, rules.scale, np.radians(rules.turn)])
    theta = rng.uniform(-1, 1, (count, len(face.parts), 4)) * most
    theta[rng.random((count, len(face.parts))) < rules.still] = 0
    return torch.from_numpy(theta.astype(np.float32))
