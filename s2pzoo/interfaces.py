"""The five interfaces of the zoo's networks. Torch starts here.

A component is built from one frozen attrs config and nothing else, so it can be written to JSON and rebuilt. Its
`forward` takes keyword arguments only: its ports by name, then the options its step declares. It returns a tensor when
it gives one port, else a dict of port name -> tensor. Tensors on ports are canonical (see `s2pzoo.spec.ports`).
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from s2pzoo.spec.ports import Ports


class Component(nn.Module):
    """One part of a pipeline.

    Attributes:
        Config: the attrs class of its config, torch-free, with `ports() -> Ports`.
        needs_grad: its forward needs autograd (it optimises something at inference).
        wants_generator: its forward draws random numbers, from the keyword `generator: torch.Generator`. Such a part
            runs one sketch at a time, so that a photo does not depend on what else is in the batch.
        watch: of a part that searches (it says None; others have none): called at each step with its number, what it
            has so far, and the losses. KeyboardInterrupt raised in it ends the search with the best so far. `so_far`
            of the same arguments gives its ports.
        kept: of a part that works piece by piece (it says None; others have none): where it is a dict, pieces that are
            what they were at the last call are not reckoned again. For drawing live: the weights must stay, too.
        precise: stays in float32 where a pipeline runs in a smaller dtype: it solves or searches.
        config: what this one was built from.
    """

    Config: ClassVar[type]
    needs_grad: ClassVar[bool] = False
    wants_generator: ClassVar[bool] = False
    precise: ClassVar[bool] = False

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.config = config

    @property
    def ports(self) -> Ports:
        """What it takes and gives under its config."""
        return self.config.ports()


class Encoder(Component):
    """sketch, strokes or photo -> latent, features, tokens.

    Attributes:
        origin: whose published weights it began a training with, as `repo@commit`; empty: none.
    """

    origin: str = ""

    def at_start(self) -> None:
        """A training begins: the moment to fetch published weights. `load` never calls it."""


class Generator(Component):
    """latent, features or image -> image or features."""


class Refiner(Component):
    """x -> x on the same port: manifold projection, denoising attention, sketch cleaning."""


class Discriminator(Component):
    """image, with a condition or without -> for each scale, finest first: (logits, features of every layer)."""


class Loss(Component):
    """Named tensors -> named scalar terms, unweighted; the weights live in the recipe."""

    def total(self, **given: Any) -> Tensor:
        """The sum of its terms, whatever they are called; `given` as for `forward`."""
        return torch.stack(list(self(**given).values())).sum()
