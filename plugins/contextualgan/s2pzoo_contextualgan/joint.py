"""Joint pictures, a sketch and its photo as one, and the networks on them: G, D and the learned initialiser.

DCGAN's pyramids, plain (paper figure 6) or residual (paper section 3; docs/contextualgan.md).
"""

from __future__ import annotations

import itertools
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from s2pzoo.interfaces import Discriminator, Encoder, Generator
from s2pzoo.nn.blocks import init_normal
from s2pzoo.nn.colour import luma
from s2pzoo.nn.encoding import CodeEncoding
from s2pzoo_contextualgan.config import DiscriminatorConfig, EncoderConfig, GeneratorConfig, JointConfig

GAIN = 2.5
"""How much darker lines become when a drawing is made small: thin lines would fade where pixels are averaged."""

EPSILON = 1e-6
_EVEN = 64  # rounds of averaging that take the steps out of a stretched membrane


def shrink(sketch: Tensor, side: int) -> Tensor:
    """A drawing (N,1,S,S) in [0,1] at a smaller side, its lines still dark: (N,1,side,side)."""
    factor = sketch.shape[-1] // side
    return 1 - (GAIN * F.avg_pool2d(1 - sketch, factor)).clamp(max=1) if factor > 1 else sketch


def join(sketch: Tensor, photo: Tensor, *, layout: str) -> Tensor:
    """One picture in [-1,1] of a sketch (N,1,s,s) and a photo (N,3,s,s) in [0,1].

    `beside` (paper): (N,3,s,2s), the sketch on the left in three equal channels. `stack`: (N,4,s,s).
    """
    if layout == "beside":
        return torch.cat([sketch.expand(-1, 3, -1, -1), photo], dim=3) * 2 - 1
    return torch.cat([sketch, photo], dim=1) * 2 - 1


def split(joint: Tensor, *, layout: str) -> tuple[Tensor, Tensor]:
    """Sketch (N,1,s,s) and photo (N,3,s,s) in [0,1] of a joint picture: the way back of `join`."""
    shown = joint / 2 + 0.5
    if layout == "beside":
        left, right = shown.chunk(2, dim=3)
        return luma(left), right
    return shown[:, :1], shown[:, 1:]


def known(sketch: Tensor, photo: Tensor, *, layout: str, like_picture: bool = False) -> Tensor:
    """One mask of the joint picture of two masks (N,1,s,s), 1 where the half is known.

    `beside`: (N,1,s,2s). `stack`: (N,2,s,s), or with `like_picture` (N,4,s,s), a channel for each of the picture.
    """
    if layout == "beside":
        return torch.cat([sketch, photo], dim=3)
    return torch.cat([sketch, photo.expand(-1, 3 if like_picture else 1, -1, -1)], dim=1)


def blend(photo: Tensor, made: Tensor, hole: Tensor) -> Tensor:
    """The paper's last step without a seam: photos (N,3,s,s) in [0,1], but where the hole (N,1,s,s) is 1 what was made.

    How far the known is from what was made of it goes on smoothly into the hole, as a membrane would, and is added
    there; what is known stays as it is.
    """
    known = (hole == 0).to(photo)
    off = _stretched((photo - made) * known, known)
    for _ in range(_EVEN):
        off = torch.lerp(F.avg_pool2d(F.pad(off, (1, 1, 1, 1), mode="replicate"), 3, 1), off, known)
    return torch.lerp(photo, (made + off).clamp(0, 1), hole)


def _stretched(values: Tensor, known: Tensor) -> Tensor:
    """Values (N,C,s,s) where a mask (N,1,s,s) is 1; elsewhere those of the nearest coarser map that knows any."""
    if values.shape[-1] == 1 or bool(known.all()):
        return values
    share = F.avg_pool2d(known, 2)
    coarse = _stretched(F.avg_pool2d(values * known, 2) / share.clamp(min=EPSILON), (share > 0).to(values))
    return torch.lerp(F.interpolate(coarse, scale_factor=2, mode="bilinear"), values, known)


# Networks


class _Up(nn.Module):
    """Residual doubling: upsample, two 3x3 convolutions, a 1x1 shortcut."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.BatchNorm2d(inside), nn.ReLU(), nn.Upsample(scale_factor=2), nn.Conv2d(inside, outside, 3, 1, 1),
            nn.BatchNorm2d(outside), nn.ReLU(), nn.Conv2d(outside, outside, 3, 1, 1),
        )  # fmt: skip
        self.shortcut = nn.Conv2d(inside, outside, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x) + F.interpolate(self.shortcut(x), scale_factor=2)


class _Down(nn.Module):
    """Residual halving: two 3x3 convolutions, an average, a 1x1 shortcut; `norm`: batch normalisation before both."""

    def __init__(self, inside: int, outside: int, *, norm: bool = False) -> None:
        super().__init__()
        normal = nn.BatchNorm2d if norm else nn.Identity
        self.body = nn.Sequential(
            normal(inside), nn.LeakyReLU(0.2), nn.Conv2d(inside, outside, 3, 1, 1),
            normal(outside), nn.LeakyReLU(0.2), nn.Conv2d(outside, outside, 3, 1, 1), nn.AvgPool2d(2),
        )  # fmt: skip
        self.shortcut = nn.Conv2d(inside, outside, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x) + self.shortcut(F.avg_pool2d(x, 2))


class _Pyramid(nn.Sequential):
    """A joint picture, with or without masks, (N,C,H,W) -> (N,outside), halving down to the smallest map."""

    def __init__(self, config: JointConfig, inside: int, outside: int, *, norm: bool) -> None:
        widths = [inside, *config.widths[::-1]]
        if config.blocks == "residual":
            layers = [_Down(a, b, norm=norm) for a, b in itertools.pairwise(widths)] + [nn.LeakyReLU(0.2)]
        else:
            layers = []
            for level, (a, b) in enumerate(itertools.pairwise(widths)):
                layers.append(nn.Conv2d(a, b, config.kernel, 2, (config.kernel - 1) // 2))
                layers += [nn.BatchNorm2d(b)] if norm and level else []
                layers.append(nn.LeakyReLU(0.2))
        height, width = config.start
        super().__init__(*layers, nn.Flatten(), nn.Linear(widths[-1] * height * width, outside))


class JointGenerator(Generator):
    """latent (N,D) -> sketch (N,1,s,s) and photo (N,3,s,s) in [0,1]."""

    Config = GeneratorConfig

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__(config)
        widths, kernel = config.widths, config.kernel
        height, width = config.start
        layers: list[nn.Module] = [nn.Linear(config.latent, widths[0] * height * width)]
        layers.append(nn.Unflatten(1, (widths[0], height, width)))
        if config.blocks == "residual":
            layers += [_Up(a, b) for a, b in itertools.pairwise([*widths, widths[-1]])]
            layers += [nn.BatchNorm2d(widths[-1]), nn.ReLU(), nn.Conv2d(widths[-1], config.channels, 3, 1, 1)]
        else:
            for a, b in itertools.pairwise([*widths, config.channels]):
                layers += [nn.BatchNorm2d(a), nn.ReLU()]
                layers.append(nn.ConvTranspose2d(a, b, kernel, 2, (kernel - 1) // 2, output_padding=kernel % 2))
        self.network = nn.Sequential(*layers)
        self.apply(init_normal)

    def forward(self, *, latent: Tensor) -> dict[str, Tensor]:
        sketch, photo = split(self.picture(latent), layout=self.config.layout)
        return {"sketch": sketch, "photo": photo}

    def picture(self, latent: Tensor) -> Tensor:
        """The joint picture (N,C,H,W) in [-1,1]."""
        return self.network(latent).tanh()


class JointDiscriminator(Discriminator):
    """sketch (N,1,s,s) and photo (N,3,s,s) in [0,1] -> logits (N,1), and of patches (N,1,h,w); no features."""

    Config = DiscriminatorConfig

    def __init__(self, config: DiscriminatorConfig) -> None:
        super().__init__(config)
        self.network = _Pyramid(config, config.channels, 1, norm=config.norm == "batch")
        self.patches = None
        if config.patches:
            halvings = [_Down(a, b) for a, b in itertools.pairwise([config.channels, *config.patches])]
            self.patches = nn.Sequential(*halvings, nn.LeakyReLU(0.2), nn.Conv2d(config.patches[-1], 1, 1))
        self.apply(init_normal)
        if config.norm == "spectral":
            for layer in self.modules():
                if isinstance(layer, nn.Conv2d | nn.Linear):
                    nn.init.orthogonal_(layer.weight)
                    spectral_norm(layer)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled as what it was built from and its weights: parametrised layers cannot be."""
        return _again, (self.config, self.state_dict(), self.training)

    def forward(self, *, sketch: Tensor, photo: Tensor) -> list[tuple[Tensor, list[Tensor]]]:
        joint = join(sketch, photo, layout=self.config.layout)
        branches = [self.network] if self.patches is None else [self.network, self.patches]
        return [(branch(joint), []) for branch in branches]

    def logits(self, joint: Tensor) -> Tensor:
        """(N,1) of whole joint pictures (N,C,H,W) in [-1,1]."""
        return self.network(joint)


def _again(config: DiscriminatorConfig, state: dict[str, Tensor], training: bool) -> JointDiscriminator:
    made = JointDiscriminator(config)
    made.load_state_dict(state)
    return made.requires_grad_(training).train(training)


class ContextEncoder(Encoder):
    """sketch (N,1,S,S) in [0,1] -> latent (N,D). With an encoder of another plugin it sees the sketch alone."""

    Config = EncoderConfig

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__(config)
        if config.encoder.component:
            self.encoding = CodeEncoding(config.encoder, numbers=2 * config.latent)
            return
        masks = 1 if config.layout == "beside" else 2
        self.network = _Pyramid(config, config.channels + masks, 2 * config.latent, norm=True)
        self.apply(init_normal)

    def forward(self, *, sketch: Tensor) -> Tensor:
        drawn = shrink(sketch, self.config.side)
        seen = torch.ones_like(drawn)
        return self.guess(drawn, drawn.new_zeros(len(drawn), 3, *drawn.shape[-2:]), seen, torch.zeros_like(seen))[0]

    def guess(self, sketch: Tensor, photo: Tensor, sketch_known: Tensor, photo_known: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and logarithm of the variance of z, both (N,D), where the masks (N,1,s,s) are 1."""
        layout = self.config.layout
        if self.config.encoder.component:
            return self._z(self.encoding(torch.where(sketch_known > 0.5, sketch, 1.0)))
        mask = known(sketch_known, photo_known, layout=layout)
        joint = join(sketch, photo, layout=layout) * known(sketch_known, photo_known, layout=layout, like_picture=True)
        return self._z(self.network(torch.cat([joint, mask * 2 - 1], dim=1)))

    def _z(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        mean, spread = numbers.chunk(2, dim=1)
        return (mean.tanh() if self.config.prior == "uniform" else mean), spread.clamp(-8, 2)
