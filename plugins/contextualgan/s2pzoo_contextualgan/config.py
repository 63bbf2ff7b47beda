"""Configs of Contextual GAN's parts and of its search, and the presets. No torch."""

from __future__ import annotations

from typing import Any, ClassVar

from attrs import evolve, field, frozen

from s2pzoo.host.parts import Part, own_encoder
from s2pzoo.spec.fields import FAITHFULNESS, Field, fields_of, knob
from s2pzoo.spec.model import ComponentEntry
from s2pzoo.spec.ports import Port, Ports

PAPER = "Image Generation from Sketch Constraint Using Contextual GAN (Lu et al., ECCV 2018)"

LAYOUTS = ("beside", "stack")
BLOCKS = ("plain", "residual")
PRIORS = ("uniform", "normal")


def _entry(name: str, kind: str, network: str, summary: str) -> ComponentEntry:
    network, source = f"s2pzoo_contextualgan.{network}", f"{PAPER}, section 3"
    return ComponentEntry(f"contextualgan/{name}", kind=kind, network=network, summary=summary, source=source)


@frozen(kw_only=True)
class JointConfig:
    """What all parts share: the joint picture, the latent, and the pyramid of widths.

    Drawings come at `size` pixels and are made small inside, since thin lines do not survive 64 pixels.
    """

    size: int = knob(256, low=1, help="side of the drawing in pixels")
    side: int = knob(64, low=1, paper=64, help="side of the photo in pixels")
    latent: int = knob(100, low=1, paper=100, help="numbers of z")
    prior: str = knob("uniform", choices=PRIORS, paper="uniform", help="of z: uniform in [-1,1], or normal")
    layout: str = knob("beside", choices=LAYOUTS, paper="beside", help="sketch and photo side by side, or as channels")
    blocks: str = knob("plain", choices=BLOCKS, paper="plain", help="of the pyramids")
    widths: tuple[int, ...] = knob(
        (512, 256, 128, 64), low=1, paper="512 to 64", help="channels from the smallest map to the largest"
    )
    kernel: int = knob(5, low=1, paper=5, help="of the plain blocks")

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

    component: ClassVar = _entry("generator", "generator", "joint:JointGenerator", "G: z to sketch and photo at once")

    def ports(self) -> Ports:
        """latent -> sketch and photo."""
        return Ports(takes={"latent": self.code}, gives=self.pair())


@frozen(kw_only=True)
class DiscriminatorConfig(JointConfig):
    """D: whether sketch and photo are real and belong together."""

    component: ClassVar = _entry("discriminator", "discriminator", "joint:JointDiscriminator", "D on joint pictures")

    norm: str = knob("batch", choices=("batch", "spectral"), paper="batch", help="normalisation")
    patches: tuple[int, ...] = knob((), low=1, paper=(), help="channels of a second branch, which judges patches")

    def ports(self) -> Ports:
        """sketch and photo -> logits."""
        return Ports(takes=self.pair(), gives={"logits": Port("logits")})


@frozen(kw_only=True)
class EncoderConfig(JointConfig):
    """The learned initialiser: a drawing, or whatever part of the joint picture is known, to z. Not in the paper."""

    component: ClassVar = _entry(
        "encoder", "encoder", "joint:ContextEncoder", "the learned initialiser: a drawing to z"
    )

    encoder: Part = own_encoder()

    def ports(self) -> Ports:
        """sketch -> latent."""
        return Ports(takes={"sketch": Port("sketch", size=self.size)}, gives={"latent": self.code})


@frozen(kw_only=True)
class Search:
    """How z is looked for."""

    steps: int = knob(40, low=0, paper=1000, help="of the search for z, and at most of what makes it more faithful")
    start: str = knob(
        "learned", choices=("learned", "refined", "random"), paper="refined",
        help="from the best of the draws and the initialiser's, of the draws, or from one draw",
    )  # fmt: skip
    inits: int = knob(30, low=1, high=1000, released=30, help="N, random candidates to choose the start from")
    restarts: int = knob(1, low=1, high=100, paper=1, help="candidates that are followed, the best is kept")
    contextual: str = knob(
        "kl_ink",
        choices=("kl", "kl_ink", "tv_ink", "l1", "mse"),
        paper="kl",
        help="how sketches compare: KL of light, of ink, total variation of ink ...",
    )
    direction: str = knob(
        "input", choices=("input", "made"), paper="input", released="made", help="of the KL: from which to the other"
    )
    blur: float = knob(2.0, low=0, high=8, paper=0.0, help="of both sketches before that, in their pixels")
    lines: float = knob(0.0, low=0, paper=0.0, help="how much the lines seen in the photo count beside the sketch")
    lam: float = knob(0.01, low=0, paper=0.01, help="weight of the perceptual loss")
    perceptual: str = knob(
        "released", choices=("released", "paper"), paper="paper", released="released", help="-log D, or log(1 - D)"
    )
    prior: float = knob(0.003, low=0, paper=0.0, help="how firmly z is held in the middle of a normal prior")
    anchor: float = knob(3.0, low=0, paper=0.0, help="how firmly z is held near the learned start")
    optimizer: str = knob("adam", choices=("adam", "momentum"), released="momentum", help="the rule that moves z")
    lr: float = knob(0.05, low=0, help="rate of the optimiser")
    patience: int = knob(25, low=1, help="steps without a better candidate after which it stops")

    def literal(self, share: float) -> Search:
        """What follows this search where a drawing is to be taken line by line: priors a tenth, and the photo's lines.

        It begins where this one ended; `share` of its steps.
        """
        priors = {name: getattr(self, name) / 10 for name in ("lam", "prior", "anchor")}
        compared = {"contextual": "tv_ink", "blur": self.blur / 2, "lines": 1.0}
        steps = round(self.steps * share)
        return evolve(self, steps=steps, start="learned", inits=1, restarts=1, **compared, **priors)


PAPER_SEARCH = Search(
    start="refined", steps=1000, contextual="kl", blur=0.0, prior=0.0, anchor=0.0, optimizer="momentum", lr=0.1
)
"""The procedure of the paper with the rate of the released code, whose losses are 100 times as large."""


@frozen(kw_only=True)
class ProjectionConfig:
    """Projection by back-propagation through a frozen G and D."""

    component: ClassVar = _entry(
        "projection", "refiner", "projection:Projection", "z by back-propagation through G and D"
    )

    generator: GeneratorConfig = field(factory=GeneratorConfig)
    discriminator: DiscriminatorConfig = field(factory=DiscriminatorConfig)
    guessed: bool = knob(True, paper=False, help="it is given a first z")

    def ports(self) -> Ports:
        """sketch, and a first latent -> latent, and the sketch and photo it stands for."""
        joint = self.generator
        takes = {"sketch": Port("sketch", size=joint.size)}
        if self.guessed:
            takes["latent"] = joint.code
        return Ports(takes=takes, gives={"latent": joint.code, **joint.pair()})

    def options(self) -> tuple[Field, ...]:
        """How z is looked for. A run may ask for so many steps; `faithful` makes up to twice as many of them."""
        own = fields_of(Search, steps={"high": 5000})
        return (FAITHFULNESS, *(evolve(one, expert=one.name != "steps") for one in own))


@frozen(kw_only=True)
class Preset:
    """One whole network: the configurations of its parts."""

    generator: GeneratorConfig
    discriminator: DiscriminatorConfig
    encoder: EncoderConfig

    def projection(self) -> ProjectionConfig:
        """The projection through these networks."""
        return ProjectionConfig(generator=self.generator, discriminator=self.discriminator)


def make_preset(*, critic: tuple[int, ...], norm: str, patches: tuple[int, ...] = (), **shared: Any) -> Preset:
    """All parts with the same `shared` fields of `JointConfig`; D and the initialiser have widths of their own."""
    judging = {**shared, "widths": critic}
    return Preset(
        generator=GeneratorConfig(**shared),
        discriminator=DiscriminatorConfig(**judging, norm=norm, patches=patches),
        encoder=EncoderConfig(**judging),
    )


PRESETS = {
    "paper64": make_preset(critic=(512, 256, 128, 64), norm="batch"),
    "faces64": make_preset(
        critic=(256, 128, 64, 32), norm="spectral",
        latent=128, prior="normal", layout="stack", widths=(256, 192, 96, 48), kernel=4,
    ),
    "joint128": make_preset(
        critic=(256, 256, 192, 96, 48), norm="spectral", patches=(48, 96, 192),
        side=128, latent=192, prior="normal", layout="stack", blocks="residual", widths=(384, 320, 256, 128, 64),
    ),
}  # fmt: skip
"""`paper64`: the paper's table. `faces64`: light enough for a CPU to train. `joint128`: the modern variant."""
