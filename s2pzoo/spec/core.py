"""Configs of the core's own losses and critics: `core/lsgan`, `core/patchgan`, ... No torch.

A critic's config has `takes`, the kind of picture it judges, and `condition`, how many channels lie beside it: whoever
trains with a critic sets both.
"""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from s2pzoo.spec.fields import knob
from s2pzoo.spec.model import ComponentEntry
from s2pzoo.spec.ports import KINDS, Port, Ports

_SCALAR = Port("scalar")
LPIPS_LAYERS = (1, 4, 7, 9, 10, 11, 12)
"""Where LPIPS looks in SqueezeNet 1.1: the indices, in torchvision's `features`, of the first ReLU and of the last Fire
before each pooling, then of each Fire. Channels 64, 128, 256, 384, 384, 512, 512; strides 2, 4, 8, 16, 16, 16, 16."""


def _entry(name: str, kind: str, network: str, summary: str, source: str) -> ComponentEntry:
    return ComponentEntry(f"core/{name}", kind=kind, network=f"s2pzoo.{network}", summary=summary, source=source)


# Critics


@frozen(kw_only=True)
class PatchGANConfig:
    """A PatchGAN: strided 4x4 convolutions, then two of stride 1."""

    component: ClassVar = _entry(
        "patchgan", "discriminator", "nn.patchgan:PatchGAN", "PatchGAN, one scale", "Isola et al. 2017, section 3.2.2"
    )

    takes: str = knob("photo", help="the kind of picture it judges")
    condition: int = knob(0, low=0, help="channels that lie beside the picture")
    base: int = knob(64, low=1, help="channels of the first layer; they double up to `widest`")
    layers: int = knob(3, low=1, help="halvings")
    widest: int = knob(512, low=1, help="channels at most")

    def ports(self) -> Ports:
        """picture (and condition) -> logits."""
        beside = {"condition": Port("features", channels=self.condition)} if self.condition else {}
        return Ports(takes={"picture": Port(self.takes), **beside}, gives={"logits": Port("logits")})

    @property
    def channels(self) -> int:
        """What the first layer takes."""
        return (KINDS[self.takes] or 0) + self.condition


@frozen(kw_only=True)
class MultiScalePatchGANConfig(PatchGANConfig):
    """Several PatchGANs, each on a picture of half the size of the one before."""

    component: ClassVar = _entry(
        "multiscale-patchgan", "discriminator", "nn.patchgan:MultiScalePatchGAN", "PatchGANs on several sizes",
        "Wang et al. 2018 (pix2pixHD), section 3.2",
    )  # fmt: skip

    scales: int = knob(3, low=1, help="how many")


CRITICS = (PatchGANConfig, MultiScalePatchGANConfig)


# Losses


@frozen(kw_only=True)
class AdversarialConfig:
    """What a critic says of real and of fake pictures -> its own loss, and that of whoever made the fakes."""

    def ports(self) -> Ports:
        """logits -> terms."""
        takes = {"real": Port("logits"), "fake": Port("logits")}
        return Ports(takes=takes, gives={"critic": _SCALAR, "generator": _SCALAR})


@frozen(kw_only=True)
class LSGANConfig(AdversarialConfig):
    """Real towards 1, fake towards 0, squared."""

    component: ClassVar = _entry(
        "lsgan", "loss", "losses.adversarial:LSGAN", "least squares", "Mao et al. 2017, arXiv:1611.04076"
    )


@frozen(kw_only=True)
class BCEConfig(AdversarialConfig):
    """Cross-entropy, not saturating for the generator."""

    component: ClassVar = _entry(
        "bce", "loss", "losses.adversarial:BCE", "cross-entropy, non-saturating", "Goodfellow et al. 2014"
    )


@frozen(kw_only=True)
class HingeConfig(AdversarialConfig):
    """Margins at 1 and -1."""

    component: ClassVar = _entry(
        "hinge", "loss", "losses.adversarial:Hinge", "hinge", "Lim and Ye 2017, arXiv:1705.02894"
    )


@frozen(kw_only=True)
class WGANGPConfig(AdversarialConfig):
    """Wasserstein distance, with a penalty on the critic's slope between real and fake."""

    component: ClassVar = _entry(
        "wgan-gp", "loss", "losses.adversarial:WGANGP", "Wasserstein, with gradient penalty",
        "Gulrajani et al. 2017, arXiv:1704.00028",
    )  # fmt: skip

    penalty: float = knob(10.0, low=0, help="weight of the gradient penalty", paper=10.0)


@frozen(kw_only=True)
class PairConfig:
    """Two pictures of one kind -> one term."""

    term: ClassVar[str]

    kind: str = knob("photo", help="of both pictures")

    def ports(self) -> Ports:
        """fake, real -> the term."""
        return Ports(takes={"fake": Port(self.kind), "real": Port(self.kind)}, gives={self.term: _SCALAR})


@frozen(kw_only=True)
class L1Config(PairConfig):
    """Mean absolute difference."""

    term: ClassVar[str] = "l1"
    component: ClassVar = _entry("l1", "loss", "losses.pictures:L1", "mean absolute difference", "")


@frozen(kw_only=True)
class MSEConfig(PairConfig):
    """Mean squared difference."""

    term: ClassVar[str] = "mse"
    component: ClassVar = _entry("mse", "loss", "losses.pictures:MSE", "mean squared difference", "")


@frozen(kw_only=True)
class PerceptualConfig(PairConfig):
    """How far two photos are apart to a network that has seen many."""

    term: ClassVar[str] = "perceptual"
    component: ClassVar = _entry(
        "perceptual", "loss", "losses.perceptual:Perceptual", "features of SqueezeNet", "Johnson et al. 2016"
    )

    backbone: str = knob("", help="a local file of SqueezeNet 1.1 weights; empty: torchvision's, downloaded once")
    layers: tuple[int, ...] = knob(LPIPS_LAYERS, help="indices into torchvision's `features`")
    normalise: bool = knob(True, help="unit vectors at each position, so that no layer outweighs the rest")


@frozen(kw_only=True)
class FeatureMatchingConfig:
    """How far the critic's inner features of fake and real pictures are apart."""

    component: ClassVar = _entry(
        "feature-matching", "loss", "losses.features:FeatureMatching", "features of the critic",
        "Wang et al. 2018 (pix2pixHD), eq. 4",
    )  # fmt: skip

    def ports(self) -> Ports:
        """fake, real -> matching."""
        maps = Port("features")
        return Ports(takes={"fake": maps, "real": maps}, gives={"matching": _SCALAR})


@frozen(kw_only=True)
class StyleConfig:
    """How far the channels' means and deviations are from a reference's, summed over layers."""

    component: ClassVar = _entry(
        "style", "loss", "losses.features:Style", "means and deviations of features", "Huang and Belongie 2017, eq. 13"
    )

    distance: str = knob("mse", choices=("mse", "l2"), help="l2: the norm over channels", paper="l2", released="mse")

    def ports(self) -> Ports:
        """fake, real -> style."""
        maps = Port("features")
        return Ports(takes={"fake": maps, "real": maps}, gives={"style": _SCALAR})


@frozen(kw_only=True)
class TotalVariationConfig:
    """Mean absolute difference of neighbouring pixels."""

    component: ClassVar = _entry(
        "total-variation", "loss", "losses.pictures:TotalVariation", "difference of neighbouring pixels",
        "Rudin et al. 1992",
    )  # fmt: skip

    kind: str = knob("photo", help="of the picture")

    def ports(self) -> Ports:
        """fake -> total_variation."""
        return Ports(takes={"fake": Port(self.kind)}, gives={"total_variation": _SCALAR})


LOSSES = (
    LSGANConfig, BCEConfig, HingeConfig, WGANGPConfig, L1Config, MSEConfig, PerceptualConfig, FeatureMatchingConfig,
    StyleConfig, TotalVariationConfig,
)  # fmt: skip
