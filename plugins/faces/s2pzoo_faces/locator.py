"""Where heads are in a drawing: the network, its objective and its step, after "Objects as Points" (Zhou et al. 2019).

A head is one point, the middle between its pupils, and one arrow from there to the right one: place, size and tilt.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from attrs import frozen
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy import ndimage
from torch import Tensor, nn
from torch.nn import functional as F

from s2pzoo.data.dataset import open_dataset
from s2pzoo.data.files import drawings
from s2pzoo.imaging.pixels import from_bytes, to_bytes
from s2pzoo.imaging.resize import resize_square
from s2pzoo.imaging.rough import LEVELS
from s2pzoo.imaging.sheet import contact_sheet
from s2pzoo.interfaces import Encoder
from s2pzoo.spec.fields import knob
from s2pzoo.spec.frame import Found
from s2pzoo.spec.model import Model, Step
from s2pzoo.train.recipe import Recipe, Start
from s2pzoo.train.start import begin, begun
from s2pzoo.train.task import Backward, Networks, Task, channels_last, numbers
from s2pzoo_faces.config import LocatorConfig
from s2pzoo_faces.frame import FACE

Ink = NDArray[np.float32]
FIELD = 8.0
"""Arrows are learnt in eighths of the sheet."""


class Locator(Encoder):
    """sketch (N,1,S,S) in [0,1] -> heads (N,3,S/4,S/4): Y^ in [0,1]; the arrow (x, y) in sides of the sheet."""

    Config = LocatorConfig

    def __init__(self, config: LocatorConfig) -> None:
        super().__init__(config)
        widths = config.widths
        self.down = nn.ModuleList(
            nn.Sequential(_layer(a, b, stride=2), _layer(b, b)) for a, b in zip([1, *widths], widths, strict=False)
        )
        self.side = nn.ModuleList(nn.Conv2d(width, widths[2], 1) for width in widths[1:])
        self.up = nn.ModuleList(_layer(widths[2], widths[2]) for _ in widths[2:])
        self.head = nn.Conv2d(widths[2], 3, 1)
        nn.init.constant_(self.head.bias[:1], -4.0)  # pyright: ignore[reportOptionalSubscript]

    def forward(self, *, sketch: Tensor) -> Tensor:
        maps, x = [], 1 - sketch
        for layer in self.down:
            x = layer(x)
            maps.append(x)
        x = self.side[-1](maps[-1])
        for layer, side, skip in zip(self.up, reversed(self.side[:-1]), reversed(maps[1:-1]), strict=True):
            x = layer(F.interpolate(x, scale_factor=2.0) + side(skip))
        heat, arrow = self.head(x).float().split([1, 2], 1)
        return torch.cat([heat.sigmoid(), arrow / FIELD], 1)


def _layer(a: int, b: int, *, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(a, b, 3, stride, 1, bias=False), nn.GroupNorm(8, b), nn.ReLU())


def objective(heads: Tensor, Y: Tensor, arrow: Tensor, *, alpha: float = 2.0, beta: float = 4.0) -> dict[str, Tensor]:
    """L_k, eq. 1: the focal loss of the map against Gaussians Y; and L1 of the arrows where a head is (eq. 3)."""
    guess = heads[:, :1].clamp(1e-4, 1 - 1e-4)
    here = (Y == 1).to(Y)
    right = here * (1 - guess) ** alpha * guess.log()
    wrong = (1 - here) * (1 - Y) ** beta * guess**alpha * (1 - guess).log()
    near = (Y > 0.5).to(Y)
    off = (near * (heads[:, 1:] - arrow).abs()).sum() * FIELD / near.sum().clamp(min=1)
    return {"heat": -(right + wrong).sum() / here.sum().clamp(min=1), "arrow": off}


# Sheets to learn from


@frozen(kw_only=True)
class Head:
    """A drawing (S,S) uint8 of one head, and its pupils ((x, y), (x, y)) in sides of it."""

    drawing: NDArray[np.uint8]
    pupils: NDArray[np.float64]


def compose(
    heads: list[Head], rng: np.random.Generator, *, size: int, others: Sequence[Head] = ()
) -> tuple[Ink, NDArray[np.float64]]:
    """A sheet (size,size) with no, one or two of the heads on it, of any size and tilt; `others` and more lines beside.

    The second value is (K,2,2), the pupils on the sheet, in sides of it.
    """
    count = int(rng.choice([0, 1, 2], p=[0.2, 0.62, 0.18] if others else [0.1, 0.7, 0.2]))
    sheet, known = Image.new("L", (size, size), 255), []
    if others and (not count or rng.random() < 0.25):
        side = size * rng.uniform(0.4, 1.1) if not count else size * rng.uniform(0.2, 0.4)
        other = others[int(rng.integers(len(others)))]
        thing, _ = _turned(other, side, float(rng.choice([0, rng.uniform(-20, 20)])), rng)
        sheet = _over(sheet, thing, np.round(rng.uniform(0, 1, 2) * max(0, size - side) + (side - thing.width) / 2))
    for place in rng.permutation(2)[:count]:
        head = heads[rng.integers(len(heads))]
        alone = [rng.uniform(0.25, 1.15), rng.uniform(0.6, 1.05)] if count < 2 else []
        side = size * (rng.choice(alone) if alone else rng.uniform(0.25, 0.55))
        turned, pupils = _turned(head, side, float(rng.choice([0, rng.normal(0, 5), rng.uniform(-35, 35)])), rng)
        reach = max(0.0, 1 - side / size)
        corner = (
            rng.uniform(0, 1, 2) * reach * size
            if count < 2
            else np.array([place * 0.5 + 0.25, rng.uniform(0.3, 0.7)]) * size - side / 2
        )
        corner = np.round(corner + (side - turned.width) / 2 + rng.normal(0, 0.02, 2) * size)
        sheet = _over(sheet, turned, corner)
        pupils = (pupils + corner) / size
        if ((pupils > 0.02) & (pupils < 0.98)).all():
            known.append(pupils)
            if rng.random() < 0.3:
                _shoulders(sheet, pupils * size, rng)
    _clutter(sheet, rng)
    ink = from_bytes(np.asarray(sheet))
    return 1 - (1 - ink) * np.float32(rng.uniform(0.5, 1)), np.array(known).reshape(-1, 2, 2)


def _turned(head: Head, side: float, angle: float, rng: np.random.Generator) -> tuple[Image.Image, NDArray[np.float64]]:
    """The head at `side` pixels, turned by so many degrees; its pupils in pixels."""
    drawing, pupils = head.drawing, head.pupils
    if rng.random() < 0.5:
        drawing, pupils = drawing[:, ::-1], (pupils * [-1, 1] + [1, 0])[::-1]
    pen = round(rng.uniform(0, 1.6) * len(drawing) / side)
    if pen > 1:
        drawing = ndimage.minimum_filter(drawing, size=pen)
    small = Image.fromarray(drawing).resize((round(side), round(side)), Image.Resampling.HAMMING)
    turned = small.rotate(-angle, Image.Resampling.BILINEAR, expand=True, fillcolor=255)
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return turned, (pupils - 0.5) * small.width @ np.array([[c, s], [-s, c]]) + turned.width / 2


def _over(sheet: Image.Image, drawing: Image.Image, corner: NDArray[np.float64]) -> Image.Image:
    layer = Image.new("L", sheet.size, 255)
    layer.paste(drawing, (int(corner[0]), int(corner[1])))
    return Image.fromarray(np.minimum(np.asarray(sheet), np.asarray(layer)))


def _shoulders(sheet: Image.Image, pupils: NDArray[np.float64], rng: np.random.Generator) -> None:
    pen, unit = ImageDraw.Draw(sheet), float(np.hypot(*(pupils[1] - pupils[0])))
    x, y = pupils.mean(0)
    for way in (-1, 1):
        out = np.cumsum(rng.uniform(0.2, 1.2, (4, 2)) * unit, 0) * [way, 1] + [x + way * 0.7 * unit, y + 2 * unit]
        pen.line([tuple(point) for point in out.tolist()], fill=0, width=int(rng.integers(1, 3)))


def _clutter(sheet: Image.Image, rng: np.random.Generator) -> None:
    """What else is on people's sheets: scrawls, boxes, ruled lines."""
    pen, size = ImageDraw.Draw(sheet), sheet.width
    for _ in range(int(rng.choice([0, 0, 1, 3, 8]))):
        at, reach = rng.uniform(0, size, 2), rng.uniform(0.03, 0.4) * size
        points = at + rng.normal(0, reach / 2, (int(rng.integers(2, 7)), 2))
        box = [*points.min(0).tolist(), *points.max(0).tolist()]
        shape = rng.integers(4)
        if shape == 0:
            pen.rectangle(box, outline=0)
        elif shape == 1:
            pen.ellipse(box, outline=0)
        else:
            pen.line([tuple(point) for point in points.tolist()], fill=0, width=int(rng.integers(1, 3)))
    if rng.random() < 0.1:
        tone, step = int(rng.integers(120, 230)), int(rng.integers(5, 14))
        for at in range(0, size, step):
            pen.line([(0, at), (size, at)], fill=tone)
            if step % 2:
                pen.line([(at, 0), (at, size)], fill=tone)


def target(pupils: NDArray[np.float64], cells: int) -> tuple[Ink, Ink]:
    """Y (1,cells,cells), a Gaussian of one cell about each head; its arrow (2,cells,cells)."""
    Y, arrow = np.zeros((1, cells, cells), np.float32), np.zeros((2, cells, cells), np.float32)
    rows, columns = np.indices((cells, cells))
    for left, right in pupils:
        x, y = np.clip(((left + right) / 2 * cells).astype(int), 0, cells - 1)
        bump = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 2).astype(np.float32)
        arrow[:, bump > Y[0]] = ((right - left) / 2)[:, None]
        Y[0] = np.maximum(Y[0], bump)
    return Y, arrow


# The training


@frozen(kw_only=True)
class Data:
    corpus: str = knob("train256", help="folder of a face corpus, in the data folder; several: joined by +")
    preview: str = knob("test256", help="folder of what is held out, for the samples")
    drawings: str = knob("", help="a folder of people's own drawings in the face frame; empty: none")
    others: str = knob("", help="a folder of drawings of other things, which are no heads; empty: none")
    heads: int = knob(3000, low=1, help="drawings of each corpus that are kept")


@frozen(kw_only=True)
class LocatorNetworks:
    start: Start = Start()


@frozen(kw_only=True)
class Weights:
    heat: float = knob(1.0, low=0, paper=1.0, help="L_k, eq. 1")
    arrow: float = knob(1.0, low=0, paper=0.1, help="L_size, eq. 3; the paper's is in pixels")


@frozen(kw_only=True)
class LocatorRecipe(Recipe):
    data: Data = Data()
    networks: LocatorNetworks = LocatorNetworks()
    weights: Weights = Weights()


class Locating(Task):
    """Drawn heads on sheets of all kinds, and where they are."""

    Recipe = LocatorRecipe

    def __init__(self, *, recipe: Any, data: Path) -> None:
        super().__init__(recipe=recipe, data=data)
        settings, rng = recipe.data, np.random.default_rng(recipe.seed)
        self.heads = [
            head for one in settings.corpus.split("+") for head in corpus_heads(data / one, settings.heads, rng)
        ]
        self.heads += own_heads(Path(settings.drawings)) if settings.drawings else []
        self.others = own_heads(Path(settings.others)) if settings.others else []
        self.held_out = corpus_heads(data / settings.preview, 40, rng)
        self.networks = {"locator": Locator(LocatorConfig())}
        begin(self.networks, recipe.networks.start.bundle)
        channels_last(self.networks)
        self.ema = ("locator",)
        self.optimizers["locator"] = self.adam(self.networks["locator"])

    def draw(self, rng: np.random.Generator) -> dict[str, Tensor]:
        return self._sheets(self.heads, rng, self.recipe.schedule.batch)

    def _sheets(self, heads: list[Head], rng: np.random.Generator, count: int) -> dict[str, Tensor]:
        size = LocatorConfig().size
        sheets = [compose(heads, rng, size=size, others=self.others) for _ in range(count)]
        made = [(ink[None], *target(pupils, size // 4)) for ink, pupils in sheets]
        columns = [torch.from_numpy(np.stack(column)) for column in zip(*made, strict=True)]
        return dict(zip(("sketch", "Y", "arrow"), columns, strict=True))

    def step(self, batch: dict[str, Tensor], index: int, backward: Backward) -> dict[str, float]:
        terms = objective(self.networks["locator"](sketch=batch["sketch"]), batch["Y"], batch["arrow"])
        self.minimise("locator", self.weighted(terms), backward)
        return numbers(terms)

    def sample(self, networks: Networks) -> Image.Image:
        batch = self._sheets(self.held_out, np.random.default_rng(0), 24)
        found = networks["locator"](sketch=batch["sketch"].to(self.device)).cpu()
        sheets = [marked(ink[0].numpy(), decode(heads)) for ink, heads in zip(batch["sketch"], found, strict=True)]
        return contact_sheet([sheets[at : at + 6] for at in range(0, len(sheets), 6)], cell=188)

    def finished(self, networks: Networks) -> tuple[Model, Networks]:
        steps = [Step("locator", LocatorConfig())]
        return Model("faces.locator", steps=steps, output="heads", size=128, blank_ok=True), networks

    def facts(self) -> dict[str, Any]:
        start = begun({"start": self.recipe.networks.start.bundle})
        return {"drawn heads": len(self.heads), "other drawings": len(self.others), **start}


def corpus_heads(folder: Path, count: int, rng: np.random.Generator) -> list[Head]:
    """Drawings of a face corpus, of all levels of roughness."""
    corpus: Any = open_dataset(folder, name="faces/corpus")
    heads = []
    for index in np.linspace(0, len(corpus) - 1, min(count, len(corpus))).astype(int):
        level = str(rng.choice(list(LEVELS)))
        drawing = corpus.clean(index) if rng.random() < 0.2 else corpus.sketch(index, rng, level=level)
        pupils = corpus.landmarks[index][:2].astype(float) / corpus.size
        heads.append(Head(drawing=to_bytes(drawing), pupils=pupils[np.argsort(pupils[:, 0])]))  # half are mirrored
    return heads


def own_heads(folder: Path) -> list[Head]:
    """People's own drawings, whose pupils lie where the face frame has them.

    Raises:
        DataError: there is none, or some cannot be read.
    """
    pupils = np.array(FACE.points["pupils"]) / FACE.side
    return [Head(drawing=one, pupils=pupils) for one in drawings(folder, size=256, shaded=True)]


# Finding


def decode(heads: Tensor, *, least: float = 0.5) -> list[Found]:
    """The peaks of one map (3,h,w), the surest first."""
    heat = heads[:1]
    peaks = (heat == F.max_pool2d(heat[None], 5, 1, 2)[0]) & (heat >= least)
    found = []
    for _, row, column in peaks.nonzero().tolist():
        top, left = max(0, row - 1), max(0, column - 1)
        around = heads[:, top : row + 2, left : column + 2]
        weight = around[0] / around[0].sum()
        rows, columns = torch.meshgrid(*(torch.arange(n) for n in weight.shape), indexing="ij")
        y, x = (float((weight * (at + start + 0.5)).sum()) for at, start in ((rows, top), (columns, left)))
        dx, dy = ((weight * one).sum().item() for one in around[1:])
        side = heat.shape[-1]
        left_, right = (x / side - dx, y / side - dy), (x / side + dx, y / side + dy)
        found.append(Found(points=(left_, right), sure=float(heat[0, row, column])))
    return sorted(found, key=lambda one: -one.sure)


def locate(ink: Ink) -> list[Found]:
    """The heads in a drawing (S,S), 1 is paper: their pupils in sides of it, the surest first."""
    pipeline = _pipeline()
    sketch = torch.from_numpy(resize_square(ink, pipeline.model.size))[None, None]
    return decode(pipeline.execute({"sketch": sketch}, ["heads"])["heads"][0])


@cache
def _pipeline() -> Any:
    import s2pzoo

    return s2pzoo.load("faces.locator")


def marked(ink: Ink, found: list[Found], *, side: int = 188) -> Image.Image:
    """The drawing with its heads marked, for people to look at."""
    picture = Image.fromarray(to_bytes(ink)).convert("RGB").resize((side, side))
    pen = ImageDraw.Draw(picture)
    for one in found:
        pen.line([(x * side, y * side) for x, y in one.points], fill=(220, 0, 0), width=2)
        pen.text((one.points[1][0] * side + 3, one.points[1][1] * side - 6), f"{one.sure:.2f}", fill=(0, 0, 220))
    return picture
