"""The adversarial pair as an object that a task has: critics, what they and the generators minimise, past fakes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import torch
from torch import Tensor

from s2pzoo.train.pool import ImagePool
from s2pzoo.train.recipe import Part
from s2pzoo.train.task import Backward, Task, channels_last

Judged = list[tuple[Tensor, list[Tensor]]]
MATCHING = Part(component="core/feature-matching", usual="core/feature-matching")


class Adversary:
    """A critic for each kind of picture; it adds them to the task as `KIND_critic`, the optimiser
    `critics`, and the loss, frozen.

        loss = ... + w.gan * gan.fool(photo=fake)
        task.minimise("generators", loss, backward)
        gan.judge(backward, rng, photo=(real, fake))

    Pictures are (N,C,H,W) in [0,1]; what lies beside them, `condition`, (N,D,h,w).

    Args:
        critic, loss: components of the recipe: a discriminator, and an s2pzoo.losses.adversarial.Adversarial.
        kinds: of the pictures.
        matching: a loss between the features of critics.
        condition: channels beside them.
        pool: past fakes of each kind that are shown again (Shrivastava et al. 2017); 0: none.
        rate: of the critics' learning rate, times the generators' (Heusel et al. 2017, arXiv:1706.08500).
    """

    def __init__(
        self, task: Task, critic: Part, loss: Part, *, kinds: Iterable[str], matching: Part = MATCHING,
        condition: int = 0, pool: int = 0, rate: float = 1.0,
    ) -> None:  # fmt: skip
        self.task, self.loss = task, loss.make()
        task.frozen["adversarial"] = self.loss
        task.kept.append(self)
        self.kinds = tuple(kinds)
        self.pools = {kind: ImagePool(pool) for kind in self.kinds}
        task.frozen["matching"] = self.matching = matching.make()
        critics = channels_last({f"{kind}_critic": critic.make(takes=kind, condition=condition) for kind in self.kinds})
        task.networks |= critics
        task.optimizers["critics"] = task.adam(*critics.values(), rate=rate)
        self._seen: dict[int, Judged] = {}

    def fool(self, *, condition: Tensor | None = None, **fakes: Tensor) -> Tensor:
        """The generators' term, the sum over kinds: the critics should take their pictures for real."""
        self._seen = {id(fake): self._look(kind, fake, condition, learn=False) for kind, fake in fakes.items()}
        terms = [self.loss(fake=[logits for logits, _ in seen])["generator"] for seen in self._seen.values()]
        return torch.stack(terms).sum()

    def match(self, *, condition: Tensor | None = None, **pairs: tuple[Tensor, Tensor]) -> Tensor:
        """Feature matching of (real, fake), summed over kinds. What `fool` saw last is not looked at again."""
        terms = []
        for kind, (real, fake) in pairs.items():
            seen = self._seen.get(id(fake)) or self._look(kind, fake, condition, learn=False)
            with torch.no_grad():
                wanted = self._look(kind, real, condition, learn=False)
            terms.append(self.matching.total(fake=[maps for _, maps in seen], real=[maps for _, maps in wanted]))
        return torch.stack(terms).sum()

    def judge(
        self, backward: Backward, rng: np.random.Generator, *, condition: Tensor | None = None,
        **pairs: tuple[Tensor, Tensor],
    ) -> Tensor:  # fmt: skip
        """One step of the critics on (real, fake) pictures by kind; their loss."""
        losses, self._seen = [], {}
        condition = None if condition is None else condition.detach()
        for kind, (real, fake) in pairs.items():
            shown = self.pools[kind].exchange(fake, rng)
            judged = (self._look(kind, one, condition, learn=True) for one in (real, shown))
            logits = [[one for one, _ in scales] for scales in judged]
            losses.append(self.loss(real=logits[0], fake=logits[1])["critic"])
            losses.append(self.loss.penalty(lambda x, k=kind: self._logits(k, x, condition), real, shown))
        loss = torch.stack(losses).sum()
        self.task.minimise("critics", loss, backward)
        return loss.detach()

    def state(self) -> dict[str, Tensor]:
        """The pools, for the checkpoint."""
        return {kind: pool.images for kind, pool in self.pools.items()}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take back what `state` gave."""
        for kind, pool in self.pools.items():
            pool.images = state[kind]

    def _look(self, kind: str, picture: Tensor, condition: Tensor | None, *, learn: bool) -> Judged:
        critic = self.task.networks[f"{kind}_critic"].requires_grad_(learn)
        return critic(picture=picture) if condition is None else critic(picture=picture, condition=condition)

    def _logits(self, kind: str, picture: Tensor, condition: Tensor | None) -> list[Tensor]:
        return [logits for logits, _ in self._look(kind, picture, condition, learn=True)]
