"""Configurations of Contextual GAN's parts, and the presets. Torch-free."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen
from attrs.validators import in_

from s2pzoo.ports import Port, Ports

LAYOUTS = ("beside", "stack")
BLOCKS = ("plain", "residual")
PRIORS = ("uniform", "normal")


@frozen(kw_only=True)
class JointConfig:
    """What all parts share: the joint picture, the latent, and the pyramid of widths.

    Drawings come at `size` pixels and are made small inside, since thin lines do not survive 64 pixels; photos have
    `side` pixels. `layout`: sketch and photo `beside` each other (paper) or as channels of one `stack`, so that what
    belongs together lies at one place. `prior` of z, of `latent` numbers: uniform in [-1,1] or normal. `widths` from
    the smallest map to the largest but the picture, each twice as large as the last; `kernel` of the plain blocks.
    """

    size: int = 256
    side: int = 64
    latent: int = 100
    prior: str = field(default="uniform", validator=in_(PRIORS))
    layout: str = field(default="beside", validator=in_(LAYOUTS))
    blocks: str = field(default="plain", validator=in_(BLOCKS))
    widths: tuple[int, ...] = (512, 256, 128, 64)
    kernel: int = 5

    @property
    def channels(self) -> int:
        """Of the joint picture."""
        return 3 if self.layout == "beside" else 4

    @property
    def start(self) -> tuple[int, int]:
        """Height and width of the smallest map."""
        small = self.side >> len(self.widths)
        return small, small * (2 if self.layout == "beside" else 1)

    def pair(self) -> dict[str, Port]:
        """The ports of a small sketch and its photo."""
        return {"sketch": Port("sketch", size=self.side), "photo": Port("photo", size=self.side)}

    @property
    def code(self) -> Port:
        """The port of z, (N,D)."""
        return Port("latent", dim=self.latent)


@frozen(kw_only=True)
class GeneratorConfig(JointConfig):
    """G: z to a joint picture."""

    def ports(self) -> Ports:
        """latent -> sketch and photo."""
        return Ports(takes={"latent": self.code}, gives=self.pair())


@frozen(kw_only=True)
class DiscriminatorConfig(JointConfig):
    """D: whether sketch and photo are real and belong together. `norm`: `batch` (paper) or `spectral`."""

    norm: str = field(default="batch", validator=in_(("batch", "spectral")))

    def ports(self) -> Ports:
        """sketch and photo -> logits."""
        return Ports(takes=self.pair(), gives={"logits": Port("contextualgan:logits")})


@frozen(kw_only=True)
class EncoderConfig(JointConfig):
    """The learned initialiser: a drawing, or whatever part of the joint picture is known, to z. Not in the paper."""

    def ports(self) -> Ports:
        """sketch -> latent."""
        return Ports(takes={"sketch": Port("sketch", size=self.size)}, gives={"latent": self.code})


@frozen(kw_only=True)
class ProjectionConfig:
    """Projection by back-propagation through a frozen G and D; `guessed`: it is given a first z."""

    generator: GeneratorConfig = field(factory=GeneratorConfig)
    discriminator: DiscriminatorConfig = field(factory=DiscriminatorConfig)
    guessed: bool = True

    def ports(self) -> Ports:
        """sketch, and a first latent -> latent, and the sketch and photo it stands for."""
        joint = self.generator
        takes = {"sketch": Port("sketch", size=joint.size)}
        if self.guessed:
            takes["latent"] = joint.code
        return Ports(takes=takes, gives={"latent": joint.code, **joint.pair()})


@frozen(kw_only=True)
class Preset:
    """One whole network: the configurations of its parts."""

    generator: GeneratorConfig
    discriminator: DiscriminatorConfig
    encoder: EncoderConfig

    def projection(self) -> ProjectionConfig:
        """The projection through these networks."""
        return ProjectionConfig(generator=self.generator, discriminator=self.discriminator)


def make_preset(*, critic: tuple[int, ...], norm: str, **shared: Any) -> Preset:
    """All parts with the same `shared` fields of `JointConfig`; D and the initialiser have widths of their own."""
    judging = {**shared, "widths": critic}
    return Preset(
        generator=GeneratorConfig(**shared),
        discriminator=DiscriminatorConfig(**judging, norm=norm),
        encoder=EncoderConfig(**judging),
    )


PRESETS = {
    "paper64": make_preset(critic=(512, 256, 128, 64), norm="batch"),
    "faces64": make_preset(
        critic=(256, 128, 64, 32), norm="spectral",
        latent=128, prior="normal", layout="stack", widths=(256, 192, 96, 48), kernel=4,
    ),
    "joint128": make_preset(
        critic=(512, 512, 256, 128, 64), norm="spectral",
        side=128, latent=128, prior="normal", layout="stack", blocks="residual", widths=(512, 512, 256, 128, 64),
    ),
}  # fmt: skip
"""`paper64`: the paper's table. `faces64`: light enough for a CPU to train. `joint128`: the modern variant."""
