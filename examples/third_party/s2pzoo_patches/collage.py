"""A photo is put together of patches of a gallery: those whose drawings are most like the drawing at that place."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import torch
from attrs import frozen
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from s2pzoo.interfaces import Generator, Loss
from s2pzoo.spec.fields import knob
from s2pzoo.spec.model import Model
from s2pzoo.train.recipe import Part, Recipe, part
from s2pzoo.train.sheet import sheet
from s2pzoo.train.task import Backward, Networks, Task, numbers
from s2pzoo_patches.houses import Pairs
from s2pzoo_patches.plugin import CollageConfig, SoftConfig, steps

_BLURS = (3, 9, 17)  # sides, in pixels


class Collage(Generator):
    """sketch (N,1,S,S) -> photo (N,3,S,S), and sources (N,1,s,s), the number of the pair of each patch."""

    Config = CollageConfig
    sketches: Tensor
    photos: Tensor

    def __init__(self, config: CollageConfig) -> None:
        super().__init__(config)
        n, side = config.samples, config.size
        self.register_buffer("sketches", torch.ones(n, 1, side, side))
        self.register_buffer("photos", torch.ones(n, 3, side, side))
        self.scales = nn.Parameter(torch.zeros(len(_BLURS)))  # logarithms of how much each blur counts

    def forward(self, *, sketch: Tensor, candidates: int = 2, soft: bool = False) -> dict[str, Tensor]:
        made = [self.one(drawing[None], candidates, soft) for drawing in sketch]
        return {name: torch.cat([one[name] for one in made]) for name in ("photo", "sources")}

    def one(self, sketch: Tensor, candidates: int, soft: bool) -> dict[str, Tensor]:
        """The collage for one drawing (1,1,S,S). `soft` blends patches by their likeness: that has a gradient."""
        config = self.config
        wanted, known = self.features(sketch), self.features(self.sketches)
        # Retrieve: the drawings of the gallery that are like this one as a whole.
        near = (known - wanted).square().mean((1, 2, 3)).topk(min(candidates, len(known)), largest=False).indices
        # Shift: each of them by a little in each direction.
        moves = list(itertools.product((-config.shift, 0, config.shift), repeat=2))
        maps, photos = (torch.cat([moved(x[near], *move) for move in moves]) for x in (known, self.photos))
        # Choose: for each place the patch whose drawing is most like this one there.
        apart = self.patches((maps - wanted).square()).mean(1)  # (K,L)
        chosen = apart.argmin(0)
        if soft:
            share = (-apart / apart.mean() * 8).softmax(0)
            pieces = (share[:, None] * self.patches(photos)).sum(0)
        else:
            pieces = self.patches(photos)[chosen, :, torch.arange(len(chosen), device=chosen.device)].T
        across = (config.size - config.patch) // config.stride + 1
        numbers_ = near.repeat(len(moves))[chosen].float()
        return {"photo": self.blended(pieces), "sources": numbers_.view(1, 1, across, across)}

    def features(self, sketch: Tensor) -> Tensor:
        """(N,C,S,S): the ink, blurred little and much, each as much as it counts."""
        ink = 1 - sketch
        blurred = [F.avg_pool2d(ink, side, 1, side // 2) * side**0.5 for side in _BLURS]
        return torch.cat(blurred, 1) * self.scales.exp()[:, None, None]

    def patches(self, pictures: Tensor) -> Tensor:
        """(N,C,S,S) -> (N,C p p,L)."""
        return F.unfold(pictures, self.config.patch, stride=self.config.stride)

    def blended(self, pieces: Tensor) -> Tensor:
        """Patches (3 p p,L) -> (1,3,S,S), where they overlap mixed, most from the middle of each."""
        config = self.config
        slope = torch.hann_window(config.patch + 2, periodic=False, device=pieces.device)[1:-1]
        window = (slope[:, None] * slope + 1e-3).flatten().repeat(3)[:, None]
        fold = {"output_size": config.size, "kernel_size": config.patch, "stride": config.stride}
        whole = F.fold((pieces * window)[None], **fold)
        return (whole / F.fold(window.expand_as(pieces)[None], **fold).clamp(min=1e-6)).clamp(0, 1)


def moved(pictures: Tensor, down: int, right: int) -> Tensor:
    """Pictures (N,C,H,W) moved by so many pixels; what comes in is the edge, drawn out."""
    height, width = pictures.shape[-2:]
    reach = max(abs(down), abs(right))
    wide = F.pad(pictures, (reach,) * 4, mode="replicate") if reach else pictures
    return wide[..., reach - down : reach - down + height, reach - right : reach - right + width]


def sources(pipeline: Any, sketch: Any) -> Any:
    """The pictures of the gallery that the photo of a drawing is put together of, those of most patches first."""
    inputs = pipeline.read(sketch)
    found = pipeline.execute({"sketch": inputs.tensor}, ("sources",))["sources"].flatten().long()
    most = found.bincount().argsort(descending=True)[:4]
    photos = pipeline.components["collage"].photos[most[found.bincount()[most] > 0]]
    return inputs.give_back(torch.cat(list(photos), -1)[None], pipeline.model.values["photo"])


class Soft(Loss):
    """fake, real (N,C,H,W) -> soft: mean absolute difference, of the pictures and of smaller ones."""

    Config = SoftConfig

    def forward(self, *, fake: Tensor, real: Tensor) -> dict[str, Tensor]:
        terms = []
        for _ in range(self.config.scales):
            terms.append(F.l1_loss(fake, real))
            fake, real = F.avg_pool2d(fake, 2), F.avg_pool2d(real, 2)
        return {"soft": torch.stack(terms).mean()}


@frozen(kw_only=True)
class Data:
    folder: str = knob("houses", help="in the data folder")


@frozen(kw_only=True)
class Losses:
    photo: Part = part("patches/soft", help="between made and true photos")


@frozen(kw_only=True)
class Weights:
    photo: float = knob(1.0, low=0, help="of it")


@frozen(kw_only=True)
class CollectRecipe(Recipe):
    data: Data = Data()
    losses: Losses = Losses()
    weights: Weights = Weights()


class Collect(Task):
    """The first pairs are the gallery; of the others it learns how much each blur counts."""

    Recipe = CollectRecipe

    def __init__(self, *, recipe: Any, data: Path) -> None:
        super().__init__(recipe=recipe, data=data)
        self.pairs = Pairs(data / recipe.data.folder)
        collage = Collage(CollageConfig(samples=max(1, len(self.pairs) * 3 // 4)))
        held = self.batch(range(collage.config.samples))
        collage.sketches.copy_(held["sketch"])
        collage.photos.copy_(held["photo"])
        self.networks["collage"] = collage
        self.optimizers["collage"] = self.adam(collage)
        self.frozen["photo"] = recipe.losses.photo.make()

    def draw(self, rng: np.random.Generator) -> dict[str, Tensor]:
        start = len(self.pairs) * 3 // 4
        return self.batch(rng.integers(start, len(self.pairs), self.recipe.schedule.batch))

    def step(self, batch: dict[str, Tensor], index: int, backward: Backward) -> dict[str, float]:
        made = self.networks["collage"](sketch=batch["sketch"], soft=True)["photo"]
        terms = {"photo": self.frozen["photo"].total(fake=made, real=batch["photo"])}
        self.minimise("collage", self.weighted(terms), backward)
        return numbers(terms)

    def sample(self, networks: Networks) -> Image.Image:
        batch = {
            name: one.to(self.device) for name, one in self.batch(range(len(self.pairs) - 2, len(self.pairs))).items()
        }
        made = networks["collage"](sketch=batch["sketch"])["photo"]
        return sheet({"sketch": batch["sketch"], "collage": made, "truth": batch["photo"]})

    def finished(self, networks: Networks) -> tuple[Model, Networks]:
        config = networks["collage"].config
        return Model("patches.houses", steps=steps(config), size=config.size), networks

    def facts(self) -> dict[str, Any]:
        return {"pairs": len(self.pairs)}

    def batch(self, chosen: Any) -> dict[str, Tensor]:
        """`sketch` (N,1,S,S) and `photo` (N,3,S,S) of so many pairs."""
        photo = torch.from_numpy(np.stack([self.pairs.photo(int(index)) for index in chosen]))
        sketch = torch.from_numpy(np.stack([self.pairs.clean(int(index)) for index in chosen]))
        return {"sketch": sketch[:, None], "photo": photo.permute(0, 3, 1, 2)}
