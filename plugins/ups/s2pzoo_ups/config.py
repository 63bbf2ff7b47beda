"""Configs of T, T' and C, and their presets. No torch. Sources: docs/ups.md."""

from __future__ import annotations

from typing import ClassVar

from attrs import evolve, frozen

from s2pzoo.host.parts import Part, own_encoder
from s2pzoo.spec.fields import FAITHFULNESS, Field, knob
from s2pzoo.spec.model import ComponentEntry
from s2pzoo.spec.ports import Port, Ports

PAPER = "Unsupervised Sketch-to-Photo Synthesis (Liu, Yu, Yu; ECCV 2020)"
ATTENTIONS = ("channels", "legacy_rows", "off")
VGG_WIDTHS = (64, 128, 256)


def category(classes: tuple[str, ...]) -> tuple[Field, ...]:
    """The option of a network for several classes."""
    if not classes:
        return ()
    return (Field("category", "str", classes[0], choices=classes, help="what is drawn"),)


@frozen(kw_only=True)
class TranslatorConfig:
    """T (sketch to gray, with attention) or T' (gray to sketch, without): a residual generator."""

    component: ClassVar = ComponentEntry(
        "ups/translator", kind="generator", network="s2pzoo_ups.shape:ShapeTranslator",
        summary="T and T': sketch to gray with attention, gray to sketch", source=f"{PAPER}, section 3.1",
    )  # fmt: skip

    takes: str = knob("sketch", help="the kind that goes in")
    gives: str = knob("gray", help="the kind that comes out")
    size: int = knob(128, low=1, help="side in pixels")
    base: int = knob(64, low=1, released=64, help="channels at full resolution")
    downs: int = knob(2, low=0, help="halvings")
    blocks: int = knob(9, low=0, released=9, help="residual blocks")
    kernel: int = knob(7, low=1, released=7, help="of the first and the last convolution")
    resize: bool = knob(False, released=False, help="doubles by resizing, without a checkerboard; else transposed")
    attention: str = knob(
        "channels", choices=ATTENTIONS, paper="a softmax",
        released="over the rows, by an oversight: A sums to 1 down each column (`legacy_rows`)",
        help="a softmax over its two logits, over the rows of the map, or none",
    )  # fmt: skip
    toned: bool = knob(False, paper=False, help="it is told how light the thing is, which no line says")
    tone: float = knob(
        0.5, low=0, high=1, help="how light, where none is asked for: in trainings the median of the photos"
    )
    classes: tuple[str, ...] = knob((), help="what one network is trained on together; none: one class")
    encoder: Part = own_encoder()

    def ports(self) -> Ports:
        """sketch -> gray and the attention over it, or gray -> sketch."""
        gives = {self.gives: Port(self.gives, size=self.size)}
        if self.attention != "off":
            gives["attention"] = Port("mask", size=self.size >> self.downs)
        return Ports(takes={self.takes: Port(self.takes, size=self.size, multiple=1 << self.downs)}, gives=gives)

    def options(self) -> tuple[Field, ...]:
        """How literally a sketch is taken, how light the thing is, and what is drawn."""
        help_ = "how light what is drawn is: 0.2 nearly black, 0.8 nearly white"
        tone = Field("tone", "float", self.tone, low=0, high=1, help=help_)
        literal = (FAITHFULNESS,) if self.takes == "sketch" else ()
        return (*literal, *((tone,) if self.toned else ()), *category(self.classes))

    def back(self) -> TranslatorConfig:
        """The same network the other way round, without attention and tone, with an encoder of its own."""
        return evolve(self, takes=self.gives, gives=self.takes, attention="off", toned=False, encoder=Part())


SHAPES = {
    "paper128": TranslatorConfig(),  # layer for layer the released network, 11.37 M parameters
    # small enough for a CPU to train
    "light128": TranslatorConfig(base=32, blocks=6, kernel=5, resize=True, toned=True),
}
"""Presets of T; T' is the same network turned round."""


@frozen(kw_only=True)
class ContentConfig:
    """C, gray -> photo: an encoder, AdaIN where there is a reference, and a decoder."""

    component: ClassVar = ComponentEntry(
        "ups/content", kind="generator", network="s2pzoo_ups.content:ContentEnhancement",
        summary="C: gray to photo, with the colours of a reference", source=f"{PAPER}, section 3.2",
    )  # fmt: skip

    size: int = knob(128, low=1, help="side in pixels")
    encoder: str = knob(
        "vgg19", choices=("vgg19", "trained"), paper="vgg19",
        help="the normalised VGG-19 of AdaIN, frozen, cut after relu3_4; or one that is trained with the decoder",
    )  # fmt: skip
    vgg_input_range: str = knob(
        "signed", choices=("signed", "unit"), released="`signed`, for a network made for the other",
        help="of its pictures, [-1,1] or [0,1], for which that network was made",
    )  # fmt: skip
    opponent: bool = knob(
        False, paper=False,
        help="the trained encoder sees luma and 4 times what red and blue differ from it, not red, green and blue",
    )  # fmt: skip
    widths: tuple[int, int, int] = knob(
        VGG_WIDTHS, low=1, released=VGG_WIDTHS, help="channels at full, half and quarter resolution"
    )
    blocks: int = knob(12, low=0, released=12, help="residual blocks of the decoder")
    norm: str = knob(
        "instance", choices=("instance", "layer"), paper="instance",
        help="of the decoder: over each channel, which undoes much of what AdaIN sets, or over all together",
    )  # fmt: skip
    object_only: bool = knob(False, paper=False, help="AdaIN reads and changes what is not white alone")
    resize: bool = knob(False, released=False, help="doubles by resizing, without a checkerboard; else transposed")
    keep_gray: bool = knob(
        False, paper=False, help="the photo's luma is the gray photo itself, and the decoder gives colours alone"
    )
    kernel: int = knob(7, low=1, released=7, help="of the convolutions at full resolution that take and give pictures")
    colour: str = knob("", paper="", help="of a picture of which none is asked for: a name, #rrggbb, or empty: its own")
    classes: tuple[str, ...] = knob((), help="categories, told to the residual blocks; none: one")

    def __attrs_post_init__(self) -> None:
        if self.encoder == "vgg19" and self.widths[-1] != VGG_WIDTHS[-1]:
            raise ValueError(f"VGG-19 gives {VGG_WIDTHS[-1]} channels; the last of widths {self.widths} must be that.")
        if self.encoder == "vgg19" and self.opponent:
            raise ValueError("VGG-19 was trained on red, green and blue; opponent colours are for encoder='trained'.")

    def ports(self) -> Ports:
        """gray -> photo."""
        gray, photo = Port("gray", size=self.size, multiple=4), Port("photo", size=self.size)
        return Ports(takes={"gray": gray}, gives={"photo": photo})

    def options(self) -> tuple[Field, ...]:
        """The colours, and what is drawn."""
        return (
            Field("reference", "path", help="a picture whose colours the photo takes"),
            Field(
                "colour",
                "str",
                self.colour,
                form="colour",
                help="without a reference: a colour's CSS name or #rrggbb; empty: none",
            ),
            Field("alpha", "float", 1.0, low=0, high=1, help="how much of the reference's colours"),
            *category(self.classes),
        )


CONTENTS = {
    "paper128": ContentConfig(),  # layer for layer the released network
    "light128": ContentConfig(
        encoder="trained", opponent=True, widths=(24, 48, 96), blocks=4, norm="layer", object_only=True, resize=True,
        keep_gray=True, kernel=5,
    ),  # small enough for a CPU to train and to run live
}  # fmt: skip
"""Presets of C."""
