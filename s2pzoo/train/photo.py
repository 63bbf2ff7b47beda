"""The adversarial step that sketch-to-photo tasks on faces share: L1, perceptual, GAN and feature-matching losses."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from s2pzoo.losses.adversarial import d_loss, feature_matching, g_loss
from s2pzoo.losses.perceptual import PerceptualLoss
from s2pzoo.train.faces import FaceTask
from s2pzoo.train.recipe import Recipe
from s2pzoo.train.task import Backward


class PhotoTask(FaceTask):
    """A task whose generator makes photos that a discriminator judges.

    A subclass sets networks and optimisers, `generator` and `discriminator` among the optimisers and `discriminator`
    among the networks, and calls `improve` on each photo it makes. The discriminator takes one tensor: the photo in
    [-1,1], and behind it the maps of `improve` where there are any.

    Losses of the recipe: weights of `l1`, `perceptual`, `gan`, `feature_matching`. All but L1 look at one random `crop`
    of so many pixels (0: the whole photo); the discriminator joins after a share `critic_start` of the steps, with
    `critic_rate` times the generator's learning rate (Heusel et al. 2017, arXiv:1706.08500).
    """

    defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        **FaceTask.defaults,
        "networks": {"perceptual": {"backbone": ""}},  # a file of local backbone weights; empty: the standard ones
        "losses": {
            "l1": 10.0,
            "perceptual": 1.0,
            "gan": 1.0,
            "feature_matching": 10.0,
            "crop": 0,
            "critic_start": 0.0,
            "critic_rate": 1.0,
        },
    }

    def __init__(self, *, recipe: Recipe, data: Path) -> None:
        super().__init__(recipe=recipe, data=data)
        self.frozen = {"perceptual": PerceptualLoss(backbone=recipe.networks.perceptual.backbone or None)}

    def improve(
        self,
        fake: Tensor,
        photo: Tensor,
        index: int,
        backward: Backward,
        *,
        maps: Tensor | None = None,
        also: Mapping[str, Tensor] | None = None,
    ) -> dict[str, float]:
        """One step of the discriminator and of the generator on photos (N,3,S,S) in [0,1]; the loss terms.

        `also` are further terms of the generator's loss, whose weights the recipe names.
        """
        losses = self.recipe.losses
        window = _window(photo.shape[-1], losses.crop, self.rng(index, 1))
        terms = {
            **(also or {}),
            "l1": (fake - photo).abs().mean(),
            "perceptual": self.frozen["perceptual"](fake[window], photo[window]),
        }
        if index >= losses.critic_start * self.recipe.schedule.steps:
            beside = [] if maps is None else [F.interpolate(maps, photo.shape[-2:])[window]]
            real = torch.cat([photo[window] * 2 - 1, *(m.detach() for m in beside)], dim=1)
            shown = torch.cat([fake[window] * 2 - 1, *beside], dim=1)
            terms["discriminator"] = self._judge(real, shown.detach(), backward)
            terms |= self._persuade(real, shown)
        self.optimizers["generator"].zero_grad()
        backward(torch.stack([losses[name] * term for name, term in terms.items() if name in losses]).sum())
        self.optimizers["generator"].step()
        return {name: term.item() for name, term in terms.items()}

    def _judge(self, real: Tensor, fake: Tensor, backward: Backward) -> Tensor:
        discriminator = self.networks["discriminator"]
        loss = d_loss([logits for logits, _ in discriminator(real)], [logits for logits, _ in discriminator(fake)])
        self.optimizers["discriminator"].zero_grad()
        backward(loss)
        self.optimizers["discriminator"].step()
        return loss.detach()

    def _persuade(self, real: Tensor, fake: Tensor) -> dict[str, Tensor]:
        discriminator = self.networks["discriminator"]
        discriminator.requires_grad_(False)
        judged = discriminator(fake)
        with torch.no_grad():
            wanted = discriminator(real)
        discriminator.requires_grad_(True)
        return {
            "gan": g_loss([logits for logits, _ in judged]),
            "feature_matching": feature_matching([f for _, f in wanted], [f for _, f in judged]),
        }


def _window(size: int, side: int, rng: np.random.Generator) -> tuple[Any, ...]:
    """A random square of `side` pixels (0: everything) as an index."""
    if not side or side >= size:
        return (...,)
    y, x = rng.integers(0, size - side + 1, size=2)
    return ..., slice(y, y + side), slice(x, x + side)
