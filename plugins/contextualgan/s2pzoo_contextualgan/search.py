"""What the projection minimises, and how: losses of z, rules to move it (paper section 3; docs/contextualgan.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from attrs import evolve, field, frozen
from attrs.validators import ge, in_
from torch import Tensor
from torch.nn import functional as F

EPSILON = 1e-6
STARTS = ("learned", "refined", "random")
SIZES = {"kl": 0.05, "kl_ink": 1.0, "l1": 0.05, "mse": 0.03}
"""The contextual losses as shares of `kl_ink`, between a drawing and the initialiser's sketch of it."""


@frozen(kw_only=True)
class Search:
    """How z is looked for.

    `start`: from the best of `inits` draws (`refined`, paper), of these and the initialiser's (`learned`), or from
    one draw (`random`). The best `restarts` of them are followed side by side. `contextual` compares the known sketch
    with the made one: KL divergence of light (`kl`, paper) or of ink (`kl_ink`), `l1`, `mse`. `direction` of the KL:
    of the `input` from the made (paper), or of the `made` from the input (released code). Sketches are compared after
    a Gaussian `blur` of so many pixels, so that a line beside another is nearer than none. `lam` weighs the perceptual
    loss, in the form -log D (`released`) or log(1 - D) (`paper`). From the initialiser's guess, `anchor` weighs how
    far z strays from it, since G makes no faces far from what it has seen; it is meant for `kl_ink`, and smaller for
    other losses as they are (`SIZES`). Without a guess, `prior` weighs how far z is from the middle of a normal prior.
    A uniform prior clips z. `optimizer`: `adam`, or the `momentum` rule of the released code, with rate `lr`. It stops
    after `patience` steps in which no candidate got better.
    """

    start: str = field(default="learned", validator=in_(STARTS))
    inits: int = field(default=30, validator=ge(1))
    restarts: int = field(default=1, validator=ge(1))
    steps: int = field(default=40, validator=ge(0))
    contextual: str = field(default="kl_ink", validator=in_(("kl", "kl_ink", "l1", "mse")))
    direction: str = field(default="input", validator=in_(("input", "made")))
    blur: float = field(default=2.0, validator=ge(0))
    lam: float = 0.01
    perceptual: str = field(default="released", validator=in_(("released", "paper")))
    prior: float = 0.003
    anchor: float = 3.0
    optimizer: str = field(default="adam", validator=in_(("adam", "momentum")))
    lr: float = 0.05
    patience: int = 25

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Search:
        """The search that the options of a step ask for: fields of a search, and `faithfulness`."""
        fields = {name: value for name, value in options.items() if name != "faithfulness"}
        return cls(**fields).faithful(options.get("faithfulness", 0.5))

    def faithful(self, faithfulness: float) -> Search:
        """The same search, from free (0) to obedient (1): more steps, and weaker priors. At .5 it is as it is."""
        weight = 10 ** (2 * (0.5 - faithfulness))
        priors = {name: getattr(self, name) * weight for name in ("lam", "prior", "anchor")}
        return evolve(self, steps=round(self.steps * 2 * faithfulness), **priors)


PAPER = Search(
    start="refined", steps=1000, contextual="kl", blur=0.0, prior=0.0, anchor=0.0, optimizer="momentum", lr=0.1
)
"""The procedure of the paper with the rate of the released code, whose losses are 100 times as large."""


def divergence(known: Tensor, made: Tensor, mask: Tensor, *, kind: str, direction: str, blur: float = 0.0) -> Tensor:
    """The contextual loss of each sketch, (N,): sketches (N,1,s,s) in [0,1], compared where the mask is 1."""
    known, made = (blurred(sketch, blur) for sketch in (known, made))
    if kind in ("l1", "mse"):
        error = (made - known).abs() if kind == "l1" else (made - known).square()
        return (error * mask).flatten(1).sum(1) / mask.flatten(1).sum(1).clamp(min=1)
    p, q = (_distribution(1 - one if kind == "kl_ink" else one, mask) for one in (known, made))
    if direction == "made":
        p, q = q, p
    return (p * (p.log() - q.log())).sum(1)


def blurred(images: Tensor, sigma: float) -> Tensor:
    """Images (N,1,s,s) after a Gaussian of `sigma` pixels, the border repeated; 0 leaves them as they are."""
    if not sigma:
        return images
    reach = round(3 * sigma)
    kernel = torch.exp(-(torch.arange(-reach, reach + 1, device=images.device) / sigma).square() / 2).to(images)
    kernel = kernel / kernel.sum()
    padded = F.pad(images, (reach,) * 4, mode="replicate")
    return F.conv2d(F.conv2d(padded, kernel.view(1, 1, 1, -1)), kernel.view(1, 1, -1, 1))


def _distribution(mass: Tensor, mask: Tensor) -> Tensor:
    """Pixels (N,1,s,s) as shares of their sum, (N,s*s)."""
    flat = ((mass.clamp(min=0) + EPSILON) * mask + EPSILON * EPSILON).flatten(1)
    return flat / flat.sum(1, keepdim=True)


def unreal(logits: Tensor, *, form: str) -> Tensor:
    """The perceptual loss of each picture, (N,), of D's logits (N,1)."""
    return (F.softplus(-logits) if form == "released" else -F.softplus(logits)).flatten()


def mover(z: Tensor, search: Search) -> Callable[[Tensor], None]:
    """A rule that moves z (N,D), in place, down a gradient."""
    if search.optimizer == "adam":
        adam = torch.optim.Adam([z], lr=search.lr, betas=(0.9, 0.99))

        def follow(gradient: Tensor) -> None:
            z.grad = gradient
            adam.step()

        return follow
    speed = torch.zeros_like(z)

    def fall(gradient: Tensor) -> None:
        before = speed.clone()
        speed.mul_(0.9).sub_(search.lr * gradient)
        z.data.add_(1.9 * speed - 0.9 * before)

    return fall
