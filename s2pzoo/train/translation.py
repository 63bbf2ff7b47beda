"""The adversarial step that unpaired translations share: a critic for each kind of picture, and its pool of fakes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from s2pzoo.losses.adversarial import d_loss, g_loss
from s2pzoo.nn.blocks import init_normal
from s2pzoo.nn.patchgan import PatchDiscriminator
from s2pzoo.train.pool import ImagePool
from s2pzoo.train.recipe import Recipe
from s2pzoo.train.task import Backward, channels_last
from s2pzoo.train.unpaired import UnpairedTask


class TranslationTask(UnpairedTask):
    """A task whose generators make pictures of some `kinds` (name -> channels), each with a critic `KIND_critic`.

    A subclass adds its generators with `add_generators`, and calls `improve` in its step. Least-squares losses; critics
    see pools of past fakes (CycleGAN, section 4).
    """

    kinds: ClassVar[Mapping[str, int]]
    defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        **UnpairedTask.defaults,
        "networks": {"critic": {"base": 64, "widest": 512}},
        "losses": {"gan": 1.0, "pool": 50},
    }

    def __init__(self, *, recipe: Recipe, data: Path) -> None:
        super().__init__(recipe=recipe, data=data)
        shape = recipe.networks.critic.to_dict()
        self.critics = {
            kind: PatchDiscriminator(channels, **shape).apply(init_normal) for kind, channels in self.kinds.items()
        }
        self.pools = {kind: ImagePool(recipe.losses.pool) for kind in self.kinds}
        self.networks = channels_last({f"{kind}_critic": critic for kind, critic in self.critics.items()})
        self.optimizers = {"critics": self.adam(*self.critics.values())}

    def add_generators(self, **networks: torch.nn.Module) -> None:
        """Networks to be trained against the critics and averaged."""
        self.networks |= channels_last(networks)
        self.ema = (*self.ema, *networks)
        self.optimizers["generators"] = self.adam(*(self.networks[name] for name in self.ema))

    def improve(
        self,
        terms: Mapping[str, Tensor],
        fakes: Mapping[str, Tensor],
        real: Mapping[str, Tensor],
        index: int,
        backward: Backward,
    ) -> dict[str, float]:
        """One step of the generators, then one of the critics of the kinds that `fakes` has; the loss terms.

        Args:
            terms: further losses of the generators; the recipe names their weights.
            fakes, real: pictures by kind, (N,C,H,W) in [0,1]; as many fakes as you like.
        """
        losses = self.recipe.losses
        judges = {kind: self.networks[f"{kind}_critic"].requires_grad_(False) for kind in fakes}
        terms = {**terms, "gan": torch.stack([g_loss(judges[kind](fake)[0]) for kind, fake in fakes.items()]).sum()}
        self.optimizers["generators"].zero_grad()
        backward(torch.stack([losses[name] * term for name, term in terms.items()]).sum())
        self.optimizers["generators"].step()
        rng, judged = self.rng(index, 1), []
        for kind, fake in fakes.items():
            judge, shown = judges[kind].requires_grad_(True), self.pools[kind].exchange(fake, rng)
            judged.append(d_loss(judge(real[kind])[0], judge(shown)[0]))
        loss = torch.stack(judged).sum()
        self.optimizers["critics"].zero_grad()
        backward(loss)
        self.optimizers["critics"].step()
        return {name: term.item() for name, term in {**terms, "critics": loss}.items()}

    def state(self) -> dict[str, Tensor]:
        return {kind: pool.images for kind, pool in self.pools.items()}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        for kind, pool in self.pools.items():
            pool.images = state[kind]
