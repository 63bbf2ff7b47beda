"""Configurations of the five parts of DeepFaceDrawing, and the two presets. Torch-free.

Each field that the paper and the released code set differently says so; the presets name which one they follow.
"""

from __future__ import annotations

from attrs import evolve, field, frozen
from attrs.validators import in_

from s2pzoo.ports import Port, Ports

NORMS = ("batch", "instance")
RESIZES = ("", "nearest", "bilinear")
SOLVERS = ("lle", "lle_released", "idw", "top1", "global", "none")


@frozen(kw_only=True)
class Window:
    """The square of the canvas that belongs to one component: top-left corner and side, in pixels.

    `pool` averages the crop before it is encoded (1: full resolution, as in the paper). `cells` makes its code a map
    of the bottleneck's side, a few numbers a cell (the paper has one fully connected layer over all cells). `code` is
    how many of the latent's numbers are its own, the others being zero (None: all, as in the paper).
    """

    name: str
    x: int
    y: int
    side: int
    pool: int = 1
    cells: bool = False
    code: int | None = None

    @property
    def box(self) -> tuple[slice, slice]:
        """Rows and columns of the window."""
        return slice(self.y, self.y + self.side), slice(self.x, self.x + self.side)


@frozen(kw_only=True)
class Face:
    """The frame all parts share: canvas, windows, latent. Source: paper Fig. 4, released code.

    Windows are in the paper's order; the last one is the remainder and covers the canvas. `nose_cut` rows at the
    bottom of the nose window are left to the mouth when maps are merged (released code: 36 of 160).
    """

    size: int = 512
    windows: tuple[Window, ...] = (
        Window(name="left_eye", x=108, y=156, side=128),
        Window(name="right_eye", x=255, y=156, side=128),
        Window(name="nose", x=182, y=232, side=160),  # the paper's figure prints 168, which 32 does not divide
        Window(name="mouth", x=169, y=301, side=192),
        Window(name="remainder", x=0, y=0, side=512),
    )
    nose_cut: int = 36
    latent: int = 512

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
    """Component embedding (CE): encoders, or image decoders, of all components. docs/deepfacedrawing.md.

    `negative_slope` of the LeakyReLUs: 1 in the released code (which makes them the identity), .1 or .2 elsewhere.
    `norm` is `batch` (paper) or `instance`. `momentum` of batch normalisation, as PyTorch counts it: .9 in the released
    code.
    """

    face: Face = field(factory=Face)
    channels: tuple[int, ...] = (32, 64, 128, 256, 512)
    negative_slope: float = 1.0
    norm: str = field(default="batch", validator=in_(NORMS))
    momentum: float = 0.9


@frozen(kw_only=True)
class EncoderConfig(EmbeddingConfig):
    """The five encoders E_c."""

    def ports(self) -> Ports:
        """sketch -> latent."""
        return Ports(takes={"sketch": self.face.sketch}, gives={"latent": self.face.codes})


@frozen(kw_only=True)
class DecoderConfig(EmbeddingConfig):
    """The five image decoders D_c, whose sketches are merged into one."""

    def ports(self) -> Ports:
        """latent -> sketch."""
        return Ports(takes={"latent": self.face.codes}, gives={"sketch": self.face.sketch})


@frozen(kw_only=True)
class ManifoldConfig:
    """Manifold projection (docs/deepfacedrawing.md).

    `neighbours`: K = 10 in the paper, 15 in the released code. `samples` is the size of the bank; each sample is the
    encoding of one training sketch, with a gender (0 unknown, 1 female, 2 male) and an age in years (0 unknown).
    `blend` is wb_c of components for which nobody chooses one: 0, full refinement, in the paper.
    """

    face: Face = field(factory=Face)
    samples: int = 17703
    neighbours: int = 10
    solver: str = "lle"
    ridge: float = 1e-3
    blend: float = 0.0

    def ports(self) -> Ports:
        """latent -> latent."""
        return Ports(takes={"latent": self.face.codes}, gives={"latent": self.face.codes})


@frozen(kw_only=True)
class MappingConfig:
    """Feature mapping (FM): five decoders to `maps`-channel maps, merged on the canvas (docs/deepfacedrawing.md).

    `channels` after the bottleneck and after each doubling. `stride` is pixels of canvas a map pixel (1 in the paper).
    Residual blocks follow every doubling up to maps of `residual_side` pixels (all of them in the paper). `resize`
    doubles by `nearest` or `bilinear` resizing and a 3x3 convolution ("": transposed convolutions, paper).
    """

    face: Face = field(factory=Face)
    channels: tuple[int, ...] = (512, 256, 256, 128, 64, 64)
    bottleneck: int = 32
    maps: int = 32
    stride: int = 1
    kernel: int = 5
    residual_side: int = 512
    resize: str = field(default="", validator=in_(RESIZES))
    negative_slope: float = 1.0
    norm: str = field(default="batch", validator=in_(NORMS))
    momentum: float = 0.9

    def ports(self) -> Ports:
        """latent -> features."""
        maps = Port("features", channels=self.maps, size=self.face.size // self.stride)
        return Ports(takes={"latent": self.face.codes}, gives={"features": maps})


@frozen(kw_only=True)
class SynthesisConfig:
    """Image synthesis (IS), a pix2pixHD-style global generator (docs/deepfacedrawing.md).

    `stride` is what FM's maps are reduced by; IS doubles once more for each factor of two. `skips` adds the maps of the
    way down to those of the way up (not in the paper). `widest` caps the channels (no cap in the paper). `resize` as in
    `MappingConfig`. `grain` adds fixed noise after each doubling, for hair to grow from (not in the paper).
    `affine` gives instance normalisation a scale and a bias (Jittor's default, and so perhaps the released network's).
    """

    size: int = 512
    maps: int = 32
    base: int = 56
    downs: int = 4
    blocks: int = 9
    kernel: int = 7
    stride: int = 1
    widest: int = 896
    skips: bool = False
    resize: str = field(default="", validator=in_(RESIZES))
    grain: bool = False
    affine: bool = False

    def ports(self) -> Ports:
        """features -> photo."""
        maps = Port("features", channels=self.maps, size=self.size // self.stride)
        return Ports(takes={"features": maps}, gives={"photo": Port("photo", size=self.size)})


@frozen(kw_only=True)
class DiscriminatorConfig:
    """Multi-scale PatchGAN discriminators (docs/deepfacedrawing.md): `scales` of them, each on a half-size picture.

    `conditional` feeds FM's maps beside the photo, as in the paper.
    """

    maps: int = 32
    base: int = 64
    layers: int = 3
    widest: int = 512
    scales: int = 3
    conditional: bool = True

    def ports(self) -> Ports:
        """photo (and features) -> logits."""
        takes = {"photo": Port("photo")}
        if self.conditional:
            takes["features"] = Port("features", channels=self.maps)
        return Ports(takes=takes, gives={"logits": Port("deepfacedrawing:logits")})


@frozen(kw_only=True)
class Preset:
    """One whole network: the configurations of its parts."""

    encoder: EncoderConfig
    decoder: DecoderConfig
    manifold: ManifoldConfig
    mapping: MappingConfig
    synthesis: SynthesisConfig
    discriminator: DiscriminatorConfig


PAPER512 = Preset(
    encoder=EncoderConfig(),
    decoder=DecoderConfig(),
    manifold=ManifoldConfig(),
    mapping=MappingConfig(),
    synthesis=SynthesisConfig(),
    discriminator=DiscriminatorConfig(),
)
"""Layer for layer the released network; K and the projection are the paper's."""

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
    manifold=ManifoldConfig(face=_FACE256, samples=2048, blend=0.5),
    mapping=MappingConfig(
        face=_FACE256, channels=(64, 64, 48, 24), maps=16, bottleneck=8, stride=2, kernel=3, residual_side=32,
        resize="nearest", negative_slope=0.2, norm="instance",
    ),
    synthesis=SynthesisConfig(
        size=256, maps=16, base=32, downs=3, blocks=4, kernel=3, stride=2, widest=160,
        skips=True, resize="bilinear", grain=True,
    ),
    discriminator=DiscriminatorConfig(maps=16, base=32, widest=128, scales=2, conditional=False),
)  # fmt: skip
"""Half-size windows and narrow networks, small enough for a CPU to train and to run live."""

PRESETS = {"paper512": PAPER512, "faces256": FACES256}


def with_samples(preset: Preset, samples: int) -> Preset:
    """The same network with a bank of another size."""
    return evolve(preset, manifold=evolve(preset.manifold, samples=samples))
