"""Configs of the parts of DeepFaceDrawing, and the two presets. No torch.

Each field that the paper and the released code set differently says so; the presets name which one they follow.
"""

from __future__ import annotations

from typing import ClassVar

from attrs import evolve, field, frozen

from s2pzoo.host.parts import Part, own_encoder
from s2pzoo.spec.core import MultiScalePatchGANConfig
from s2pzoo.spec.fields import FAITHFULNESS, Field, fields_of, knob
from s2pzoo.spec.model import ComponentEntry
from s2pzoo.spec.ports import Port, Ports

PAPER = "DeepFaceDrawing: Deep Generation of Face Images from Sketches (Chen et al., ACM TOG 39(4), 2020)"

NORMS = ("batch", "instance")
RESIZES = ("", "nearest", "bilinear")
SOLVERS = ("lle", "lle_released", "idw", "top1", "global", "none")


def _entry(name: str, kind: str, network: str, summary: str, section: str) -> ComponentEntry:
    source = f"{PAPER}, section {section}"
    network = f"s2pzoo_deepfacedrawing.{network}"
    return ComponentEntry(f"deepfacedrawing/{name}", kind=kind, network=network, summary=summary, source=source)


@frozen(kw_only=True)
class Window:
    """The square of the canvas that belongs to one component."""

    name: str = knob(help="of the component")
    x: int = knob(help="left edge in pixels")
    y: int = knob(help="upper edge in pixels")
    side: int = knob(low=1, help="in pixels")
    pool: int = knob(1, low=1, paper=1, help="averages the crop before it is encoded")
    cells: bool = knob(False, paper=False, help="its code is a map, a few numbers a cell; else one layer over all")
    code: int | None = knob(None, low=1, help="how many of the latent's numbers are its own; None: all (paper)")

    @property
    def box(self) -> tuple[slice, slice]:
        """Rows and columns of the window."""
        return slice(self.y, self.y + self.side), slice(self.x, self.x + self.side)


@frozen(kw_only=True)
class Face:
    """The frame all parts share: canvas, windows, latent. Source: paper Fig. 4, released code.

    Windows are in the paper's order; the last one is the remainder and covers the canvas.
    """

    size: int = knob(512, low=1, paper=512, help="side of the canvas in pixels")
    windows: tuple[Window, ...] = (
        Window(name="left_eye", x=108, y=156, side=128),
        Window(name="right_eye", x=255, y=156, side=128),
        Window(name="nose", x=182, y=232, side=160),  # the paper's figure prints 168, which 32 does not divide
        Window(name="mouth", x=169, y=301, side=192),
        Window(name="remainder", x=0, y=0, side=512),
    )
    nose_cut: int = knob(
        36, low=0, paper="only the depth order", released=36, help="rows at the bottom of the nose, left to the mouth"
    )
    latent: int = knob(512, low=1, paper=512, help="numbers of a code, D")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the components, in order."""
        return tuple(w.name for w in self.windows)

    @property
    def parts(self) -> tuple[Window, ...]:
        """The windows without the remainder."""
        return self.windows[:-1]

    @property
    def sketch(self) -> Port:
        """The port of a whole sketch."""
        return Port("sketch", size=self.size)

    def code(self, window: Window) -> int:
        """How many numbers the code of a window has."""
        return window.code or self.latent

    @property
    def codes(self) -> Port:
        """The port of one code a component, (N,P,D)."""
        return Port("latent", dim=(len(self.windows), self.latent))


@frozen(kw_only=True)
class EmbeddingConfig:
    """Component embedding (CE): encoders, or image decoders, of all components."""

    face: Face = field(factory=Face)
    channels: tuple[int, ...] = knob(
        (32, 64, 128, 256, 512), low=1, released=(32, 64, 128, 256, 512), help="after each halving"
    )
    negative_slope: float = knob(1.0, released=1.0, help="of the LeakyReLUs; 1 makes them the identity")
    norm: str = knob("batch", choices=NORMS, paper="batch", help="normalisation")
    momentum: float = knob(0.9, low=0, high=1, released=0.9, help="of batch normalisation, as PyTorch counts it")


@frozen(kw_only=True)
class EncoderConfig(EmbeddingConfig):
    """The five encoders E_c."""

    component: ClassVar = _entry(
        "encoder", "encoder", "embedding:ComponentEncoders", "CE: five component encoders", "4.1"
    )

    encoder: Part = own_encoder()
    whole: bool = knob(
        False, paper=False, help="one such encoder sees the face, and each component its part of the map"
    )

    def ports(self) -> Ports:
        """sketch -> latent."""
        return Ports(takes={"sketch": self.face.sketch}, gives={"latent": self.face.codes})


@frozen(kw_only=True)
class DecoderConfig(EmbeddingConfig):
    """The five image decoders D_c, whose sketches are merged into one."""

    component: ClassVar = _entry(
        "decoder", "generator", "embedding:ComponentDecoders", "CE: five image decoders", "4.1"
    )

    def ports(self) -> Ports:
        """latent -> sketch."""
        return Ports(takes={"latent": self.face.codes}, gives={"sketch": self.face.sketch})


@frozen(kw_only=True)
class WindowsConfig:
    """Brings components that are drawn off their places to their windows. Not in the paper."""

    component: ClassVar = ComponentEntry(
        "deepfacedrawing/windows", kind="refiner", network="s2pzoo_deepfacedrawing.windows:PlacedWindows",
        summary="components brought to their windows", source="Spatial Transformer Networks (Jaderberg et al., 2015)",
    )  # fmt: skip

    face: Face = field(factory=Face)
    widths: tuple[int, ...] = knob((16, 32, 64, 96, 128), low=8, help="channels after each halving, from 128 pixels")
    least: float = knob(0.02, low=0, help="what lies in its place but for this part of the canvas stays as it is")

    def ports(self) -> Ports:
        """sketch -> sketch."""
        return Ports(takes={"sketch": self.face.sketch}, gives={"sketch": self.face.sketch})

    def options(self) -> tuple[Field, ...]:
        """Whether windows move."""
        help_ = "auto: each component is brought to its window; fixed: it is taken as it lies"
        return (Field("windows", "str", "auto", choices=("auto", "fixed"), help=help_),)


@frozen(kw_only=True)
class ManifoldConfig:
    """Manifold projection. Each sample is the encoding of one training sketch, with a gender, an age and its traits."""

    component: ClassVar = _entry(
        "manifold", "refiner", "manifold:ManifoldProjection", "manifold projection", "4.1, eq. 1-3"
    )

    face: Face = field(factory=Face)
    samples: int = knob(17703, low=1, paper=17703, released=17703, help="size of the bank")
    neighbours: int = knob(10, low=1, paper=10, released=15, help="K, how many samples a code is rebuilt from")
    solver: str = knob(
        "lle", choices=SOLVERS, paper="lle", released="lle_released", help="how a code is rebuilt from its neighbours"
    )
    ridge: float = knob(1e-3, low=0, paper=0.0, help="share of the Gram's diagonal that is added to it")
    blend: float = knob(0.0, low=0, high=1, paper=0.0, released=0.0, help="wb if nobody chooses one; 0: refined fully")
    traits: tuple[str, ...] = knob((), paper=(), help="what is known of the samples beside: a slider for each")
    tags: tuple[str, ...] = knob((), paper=(), help="what texts may restrict the samples by beside gender and age")
    words: str = knob(
        "s2pzoo_deepfacedrawing.traits:wish", paper="", help="`module:function` of a text, giving the Wish it is"
    )

    def ports(self) -> Ports:
        """latent -> latent."""
        return Ports(takes={"latent": self.face.codes}, gives={"latent": self.face.codes})

    def options(self) -> tuple[Field, ...]:
        """What a run may choose."""
        own = {field.name: field for field in fields_of(type(self))}
        keys = (*self.face.names, "all")
        help = "wb of a component, in place of faithfulness: 1 keeps what is drawn, 0 refines it fully"  # noqa: A001
        return (
            FAITHFULNESS,  # wb of all
            Field("blend", "mapping", {}, low=0, high=1, keys=keys, help=help),
            evolve(own["solver"], default=self.solver, expert=True),
            evolve(own["neighbours"], default=min(self.neighbours, self.samples), high=self.samples, expert=True),
            Field("gender", "str", "any", choices=("any", "female", "male"), help="restricts the samples"),
            Field("age", "str", help="restricts the samples: years as 20-35, or one number"),
            *(self._of_traits() if self.traits else ()),
        )

    def _of_traits(self) -> tuple[Field, ...]:
        help = "moves the face, -1 to 1: at 1 old, male, of dark skin, long hair"  # noqa: A001
        return (
            Field("traits", "mapping", {}, low=-1, high=1, keys=self.traits, help=help),
            Field("text", "str", help="words that restrict the samples and move the face: an old man with a beard"),
        )


@frozen(kw_only=True)
class MappingConfig:
    """Feature mapping (FM): five decoders to multi-channel maps, merged on the canvas."""

    component: ClassVar = _entry(
        "mapping", "generator", "embedding:FeatureMapping", "FM: codes to merged feature maps", "4.2"
    )

    face: Face = field(factory=Face)
    channels: tuple[int, ...] = knob((512, 256, 256, 128, 64, 64), low=1, help="after the bottleneck and each doubling")
    bottleneck: int = knob(32, low=1, released=32, help="pixels of a window a cell of the first map")
    maps: int = knob(32, low=1, paper=32, released=32, help="channels that are merged")
    stride: int = knob(1, low=1, paper=1, help="pixels of canvas a map pixel")
    kernel: int = knob(5, low=1, released=5, help="of the last convolution")
    residual_side: int = knob(
        512, low=1, released="after every doubling", help="residual blocks follow doublings up to maps of this side"
    )
    resize: str = knob("", choices=RESIZES, paper="", help="doubles by resizing and a 3x3 convolution; else transposed")
    negative_slope: float = knob(1.0, released=1.0, help="of the LeakyReLUs")
    norm: str = knob("batch", choices=NORMS, paper="batch", help="normalisation")
    momentum: float = knob(0.9, low=0, high=1, released=0.9, help="of batch normalisation")

    def ports(self) -> Ports:
        """latent -> features."""
        maps = Port("features", channels=self.maps, size=self.face.size // self.stride)
        return Ports(takes={"latent": self.face.codes}, gives={"features": maps})


@frozen(kw_only=True)
class SynthesisConfig:
    """Image synthesis (IS), a pix2pixHD-style global generator."""

    component: ClassVar = _entry("synthesis", "generator", "photo:ImageSynthesis", "IS: feature maps to a photo", "4.2")

    size: int = knob(512, low=1, help="side of the photo in pixels")
    maps: int = knob(32, low=1, help="channels that come in")
    base: int = knob(56, low=1, released=56, help="channels at the resolution of the maps")
    downs: int = knob(4, low=0, released=4, help="halvings")
    blocks: int = knob(9, low=0, released=9, help="residual blocks")
    kernel: int = knob(7, low=1, released=7, help="of the first and the last convolution")
    stride: int = knob(1, low=1, paper=1, help="what FM's maps are reduced by")
    widest: int = knob(896, low=1, released=896, help="channels at most")
    skips: bool = knob(False, paper=False, help="adds the maps of the way down to those of the way up")
    resize: str = knob("", choices=RESIZES, paper="", help="as of FM")
    grain: bool = knob(False, paper=False, help="adds fixed noise after each doubling, for hair to grow from")
    affine: bool = knob(False, released="perhaps: it is Jittor's default", help="the norms have a scale and a bias")

    def ports(self) -> Ports:
        """features -> photo."""
        maps = Port("features", channels=self.maps, size=self.size // self.stride)
        return Ports(takes={"features": maps}, gives={"photo": Port("photo", size=self.size)})


@frozen(kw_only=True)
class DiscriminatorConfig(MultiScalePatchGANConfig):
    """The core's, by the name it has here: PatchGANs on several sizes, that may see FM's maps as `condition`."""

    component: ClassVar = _entry(
        "discriminator", "discriminator", "photo:PhotoDiscriminator", "multi-scale PatchGAN", "4.2"
    )

    scales: int = knob(3, low=1, paper="several", released="not released; 3 in reimplementations", help="how many")


@frozen(kw_only=True)
class Preset:
    """One whole network: the configurations of its parts."""

    encoder: EncoderConfig = EncoderConfig()
    decoder: DecoderConfig = DecoderConfig()
    manifold: ManifoldConfig = ManifoldConfig()
    mapping: MappingConfig = MappingConfig()
    synthesis: SynthesisConfig = SynthesisConfig()


PAPER512 = Preset()
"""Layer for layer the released network; K and the projection are the paper's."""

TRAITS, TAGS = ("age", "male", "skin", "hair"), ("beard",)
"""Of faces256: at 1 old, a man, dark skin, long hair, a beard; at -1 young, a woman, light skin, bald, none."""

_FACE256 = Face(
    size=256,
    # Half of the official windows; the nose starts one pixel further left, so that maps of stride 2 meet its border.
    windows=(
        Window(name="left_eye", x=54, y=78, side=64, cells=True, code=256),
        Window(name="right_eye", x=128, y=78, side=64, cells=True, code=256),
        Window(name="nose", x=90, y=116, side=80, cells=True, code=400),
        Window(name="mouth", x=84, y=150, side=96, cells=True, code=576),
        Window(name="remainder", x=0, y=0, side=256, pool=2, cells=True),
    ),
    nose_cut=18,
    latent=1024,
)
_LIGHT = {"face": _FACE256, "channels": (16, 48, 64), "negative_slope": 0.2, "norm": "instance"}

FACES256 = Preset(
    encoder=EncoderConfig(**_LIGHT),
    decoder=DecoderConfig(**_LIGHT),
    manifold=ManifoldConfig(face=_FACE256, samples=2048, blend=0.5, traits=TRAITS, tags=TAGS),
    mapping=MappingConfig(
        face=_FACE256, channels=(64, 64, 48, 24), maps=16, bottleneck=8, stride=2, kernel=3, residual_side=32,
        resize="nearest", negative_slope=0.2, norm="instance",
    ),
    synthesis=SynthesisConfig(
        size=256, maps=16, base=32, downs=3, blocks=4, kernel=3, stride=2, widest=160,
        skips=True, resize="bilinear", grain=True,
    ),
)  # fmt: skip
"""Half-size windows and narrow networks, small enough for a CPU to train and to run live."""

PRESETS = {"paper512": PAPER512, "faces256": FACES256}
