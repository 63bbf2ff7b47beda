"""The photo by back-propagation: find the z whose sketch is the drawing (paper section 3; docs/contextualgan.md)."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from attrs import asdict, define, evolve, frozen
from torch import Tensor
from torch.nn import functional as F

from s2pzoo.errors import Remark
from s2pzoo.interfaces import Refiner
from s2pzoo.nn.colour import luma
from s2pzoo_contextualgan.config import ProjectionConfig, Search
from s2pzoo_contextualgan.joint import EPSILON, JointDiscriminator, JointGenerator, join, shrink

SIZES = {"kl": 0.05, "kl_ink": 1.0, "l1": 0.05, "mse": 0.03, "tv_ink": 0.2}
"""The contextual losses as shares of `kl_ink`, between a drawing and the initialiser's sketch of it."""

PLAIN = 0.5
"""What is left of z where a drawing is taken most freely."""


# What z has to minimise, and rules to move it.


def divergence(known: Tensor, made: Tensor, mask: Tensor, *, kind: str, direction: str, blur: float = 0.0) -> Tensor:
    """The contextual loss of each sketch, (N,): sketches (N,1,s,s) in [0,1], compared where the mask is 1."""
    known, made = (blurred(sketch, blur) for sketch in (known, made))
    if kind in ("l1", "mse"):
        error = (made - known).abs() if kind == "l1" else (made - known).square()
        return (error * mask).flatten(1).sum(1) / mask.flatten(1).sum(1).clamp(min=1)
    p, q = (_distribution(1 - one if kind.endswith("ink") else one, mask) for one in (known, made))
    if kind == "tv_ink":
        return (p - q).abs().sum(1) / 2
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


def lines(photo: Tensor) -> Tensor:
    """The lines of photos (N,3,s,s) as a sketch (N,1,s,s): `s2pzoo.imaging.edges.photocopy`, with gradients."""
    gray = luma(photo) + 0.02
    return ((blurred(gray, 0.7) / blurred(gray, 4.0) - 0.85) / 0.15).clamp(0, 1)


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


# The search.


@frozen(kw_only=True)
class Known:
    """What is known: sketch (N,1,s,s) and photo (N,3,s,s) in [0,1], each with a mask (N,1,s,s), 1 where it is known."""

    sketch: Tensor
    photo: Tensor
    sketch_known: Tensor
    photo_known: Tensor

    def repeated(self, count: int) -> Known:
        """Each of the N `count` times in a row."""
        return Known(**{name: part.repeat_interleave(count, 0) for name, part in asdict(self, recurse=False).items()})


@define
class _Best:
    """The best z so far of each candidate, and its loss."""

    z: Tensor
    loss: Tensor

    def offer(self, z: Tensor, loss: Tensor) -> bool:
        """Take what is better; whether anything was."""
        better = loss < self.loss
        self.z = torch.where(better[:, None], z.detach(), self.z)
        self.loss = torch.where(better, loss, self.loss)
        return bool(better.any())


class Projection(Refiner):
    """sketch (N,1,S,S), latent (N,D) -> the latent that fits the sketch best, and the sketch and photo G makes of it.

    G and D are frozen and in eval mode always, so that a photo depends on its drawing, the options and the seed alone.
    """

    Config = ProjectionConfig
    needs_grad = True
    precise = True
    wants_generator = True

    def __init__(self, config: ProjectionConfig) -> None:
        super().__init__(config)
        self.generator = JointGenerator(config.generator)
        self.discriminator = JointDiscriminator(config.discriminator)
        self.watch: Callable[[int, Tensor, Tensor], None] | None = None
        self.interrupted = False
        self.requires_grad_(False).train(False)

    def train(self, mode: bool = True) -> Projection:
        """Stays in eval mode."""
        return super().train(False)

    @torch.compiler.disable
    def forward(
        self, *, sketch: Tensor, generator: torch.Generator, latent: Tensor | None = None, **options: Any
    ) -> dict[str, Tensor]:
        """See `Search` for the options, `faithful` for `faithfulness`."""
        drawn = shrink(sketch, self.config.generator.side)
        seen = torch.ones_like(drawn)
        known = Known(sketch=drawn, photo=drawn.expand(-1, 3, -1, -1), sketch_known=seen, photo_known=0 * seen)
        z = self.faithful(known, generator, guess=latent, **options)
        return {"latent": z, **self.generator(latent=z)}

    def so_far(self, step: int, z: Tensor, losses: Tensor) -> dict[str, Tensor]:
        """What its ports give of what `watch` was told."""
        return {"latent": z, **self.generator(latent=z)}

    def compile(self, *args: Any, **how: Any) -> None:
        """G and D are compiled; the search itself, a loop that stops when it likes, is not."""
        self.generator.compile(*args, **how)
        self.discriminator.compile(*args, **how)

    def faithful(
        self, known: Known, generator: torch.Generator, *, guess: Tensor | None = None,
        faithfulness: float | None = None, **search: Any,
    ) -> Tensor:  # fmt: skip
        """The z (N,D) of a search with these fields, as free (0) or as literal (1) as is asked for.

        None and .5: what `project` finds. Above, it is searched on from there (`Search.literal`). Below, z goes towards
        the middle of the prior, where faces are plain, by those steps alone that lead away from what is known.
        """
        usual, way = Search(**search), 0.0 if faithfulness is None else 2 * faithfulness - 1
        z, _ = self.project(known, usual, generator, guess=guess)
        if way < 0:
            return self._freer(z, known, evolve(usual.literal(0), lines=0.0), -way)
        if way > 0 and not self.interrupted:
            z, _ = self.project(known, usual.literal(way), generator, guess=z)
        return z

    def _freer(self, z: Tensor, known: Known, search: Search, share: float) -> Tensor:
        """z (N,D), so much of the way to the freest."""
        shares = torch.linspace(1, PLAIN, 8, device=z.device)
        with torch.no_grad():
            rungs = z[:, None] * shares[:, None]  # (N,8,D)
            known = known.repeated(len(shares))
            made = self.generator(latent=rungs.flatten(0, 1))
            fit = self._fit(made["sketch"], made["photo"], known, search).view(len(z), -1)
        chosen = []
        for ladder, misfits in zip(rungs, fit, strict=True):
            away = ladder[misfits >= misfits.cummax(0).values]
            chosen.append(away[round(share * (len(away) - 1))])
        return torch.stack(chosen)

    def project(
        self, known: Known, search: Search, generator: torch.Generator, *, guess: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """The best z (N,D) and its loss (N,). All N are looked for at once, from the same random candidates.

        Ctrl-C ends the search with the best so far and a warning; a candidate that is no longer a number begins again
        from another draw, with a warning. `watch`, if set, is called at each step with its number, the best z so far
        (N,D) and their losses (N,).
        """
        count, guess = len(known.sketch), guess if search.start == "learned" else None
        z = self._begin(known, search, guess, generator)
        each = len(z) // count
        known, guess = known.repeated(each), None if guess is None else guess.repeat_interleave(each, 0)
        best = _Best(z.clone(), torch.full((len(z),), torch.inf, device=z.device))
        move, idle, restarted, self.interrupted = mover(z, search), 0, 0, False
        try:
            for step in range(search.steps + 1):
                loss, gradient = self._loss(z, known, search, guess)
                idle = 0 if best.offer(z, loss) else idle + 1
                self._tell(step, best, each)
                if step == search.steps or idle >= search.patience:
                    break
                lost = ~(loss.isfinite() & gradient.isfinite().all(1))
                move(gradient.where(~lost[:, None], torch.zeros_like(gradient)))
                if lost.any():
                    restarted += int(lost.sum())
                    z.data[lost] = self._draw(int(lost.sum()), generator).to(z.device)
                if self.config.generator.prior == "uniform":
                    z.data.clamp_(-1, 1)
        except KeyboardInterrupt:
            self.interrupted = True
            warnings.warn("The search was interrupted; this is the best it had found.", Remark, stacklevel=2)
        if restarted:
            told = f"{restarted} candidates of the search were no longer numbers and began again elsewhere."
            warnings.warn(told, Remark, stacklevel=2)
        losses, chosen = best.loss.view(count, each).min(1)
        return best.z.view(count, each, -1)[torch.arange(count), chosen], losses

    def _draw(self, count: int, generator: torch.Generator) -> Tensor:
        joint = self.config.generator
        if joint.prior == "normal":
            return torch.randn(count, joint.latent, generator=generator)
        return torch.rand(count, joint.latent, generator=generator) * 2 - 1

    def _begin(self, known: Known, search: Search, guess: Tensor | None, generator: torch.Generator) -> Tensor:
        """The candidates to follow, those of one drawing after those of the other, (N*R,D)."""
        count = len(known.sketch)
        draws = self._draw(1 if search.start == "random" else search.inits, generator).to(known.sketch.device)
        with torch.no_grad():
            made = [part.expand(count, *part.shape) for part in (draws, *self._make(draws))]  # once for all drawings
            if guess is not None:
                first = [part[:, None] for part in (guess, *self._make(guess))]
                made = [torch.cat(both, dim=1) for both in zip(first, made, strict=True)]
            z, each = made[0], made[0].shape[1]
            known, guess = known.repeated(each), None if guess is None else guess.repeat_interleave(each, 0)
            flat, sketch, photo, logits = (part.flatten(0, 1) for part in made)
            losses = self._judge(flat, sketch, photo, logits, known, search, guess).view(count, each)
        kept = losses.nan_to_num(torch.inf).topk(min(search.restarts, z.shape[1]), largest=False).indices
        return z.gather(1, kept[..., None].expand(-1, -1, z.shape[-1])).flatten(0, 1).clone()

    def _loss(self, z: Tensor, known: Known, search: Search, guess: Tensor | None) -> tuple[Tensor, Tensor]:
        """The loss of each candidate (M,) and its gradient (M,D)."""
        with torch.enable_grad():
            z = z.detach().requires_grad_(True)
            losses = self._judge(z, *self._make(z), known, search, guess)
            (gradient,) = torch.autograd.grad(losses.sum(), z)
        return losses.detach(), gradient

    def _make(self, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The sketches and photos that G makes of z (M,D), and what D says of them."""
        made = self.generator(latent=z)
        joint = join(made["sketch"], made["photo"], layout=self.config.generator.layout)
        return made["sketch"], made["photo"], self.discriminator.logits(joint)

    def _judge(
        self, z: Tensor, sketch: Tensor, photo: Tensor, logits: Tensor,
        known: Known, search: Search, guess: Tensor | None,
    ) -> Tensor:  # fmt: skip
        """The loss of each candidate (M,), from what `_make` made of it."""
        loss = self._fit(sketch, photo, known, search) + search.lam * unreal(logits, form=search.perceptual)
        if guess is not None:
            return loss + search.anchor * SIZES[search.contextual] * (z - guess).square().mean(1)
        return loss + search.prior * z.square().mean(1) if self.config.generator.prior == "normal" else loss

    def _fit(self, sketch: Tensor, photo: Tensor, known: Known, search: Search) -> Tensor:
        """How far sketches (M,1,s,s) and photos (M,3,s,s) are from what is known, (M,)."""
        compared = partial(divergence, kind=search.contextual, direction=search.direction, blur=search.blur)
        fit = compared(known.sketch, sketch, known.sketch_known)
        if search.lines:
            fit = fit + search.lines * compared(known.sketch, lines(photo), known.sketch_known)
        pixels = known.photo_known.flatten(1).sum(1)
        off = ((photo - known.photo).abs() * known.photo_known).flatten(1).sum(1)
        return fit + off / pixels.clamp(min=1) / SIZES["l1"]

    def _tell(self, step: int, best: _Best, each: int) -> None:
        if self.watch:
            losses, chosen = best.loss.view(-1, each).min(1)
            self.watch(step, best.z.view(len(losses), each, -1)[torch.arange(len(losses)), chosen], losses)
