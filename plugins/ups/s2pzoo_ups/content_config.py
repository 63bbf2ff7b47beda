"""Configuration of content enhancement C, and its presets. Torch-free. Sources: docs/ups.md."""

from __future__ import annotations

from attrs import field, frozen
from attrs.validators import in_

from s2pzoo.ports import Port, Ports

ENCODERS = ("vgg19", "trained")
VGG_INPUT_RANGES = ("signed", "unit")
NORMS = ("instance", "layer")
VGG_WIDTHS = (64, 128, 256)


@frozen(kw_only=True)
class ContentConfig:
    """C, gray -> photo: an encoder, AdaIN where there is a reference, and a decoder.

    `widths`: channels at full, half and quarter resolution. `blocks` residual blocks of the decoder; `kernel` of the
    convolutions at full resolution that take and give pictures. `classes`: names of the categories that the residual
    blocks are told apart; none for a network of one category, as in the paper.

    `encoder`: the normalised VGG-19 of AdaIN, frozen, cut after relu3_4 (paper), whose widths are fixed; or one of
    these widths that is trained with the decoder. `vgg_input_range` of its pictures: [-1,1] (released code, though
    that network was made for [0,1]) or [0,1].

    `opponent`: the trained encoder sees opponent colours, luma and 4 times what red and blue differ from it, instead of
    red, green and blue (paper), among which hues are small beside light and dark.

    `norm` of the decoder: over each channel (paper), which makes shades relative and undoes much of what AdaIN sets, as
    its authors warn (their section 7.1); or over all channels together, which does neither.

    `resize`: the decoder doubles without a checkerboard, where the released code has transposed convolutions.

    `keep_gray`: the photo's luma is the gray photo itself, and the decoder gives colours alone. Else (paper) the
    decoder paints both anew, and a loss asks that the luma come out the same.

    `object_only`: AdaIN reads and changes what is not white. Else (paper) the statistics tell how much of a picture its
    object fills more than what colour it has.
    """

    size: int = 128
    encoder: str = field(default="vgg19", validator=in_(ENCODERS))
    vgg_input_range: str = field(default="signed", validator=in_(VGG_INPUT_RANGES))
    opponent: bool = False
    widths: tuple[int, int, int] = VGG_WIDTHS
    blocks: int = 12
    norm: str = field(default="instance", validator=in_(NORMS))
    object_only: bool = False
    resize: bool = False
    keep_gray: bool = False
    kernel: int = 7
    classes: tuple[str, ...] = ()

    def __attrs_post_init__(self) -> None:
        if self.encoder == "vgg19" and self.widths[-1] != VGG_WIDTHS[-1]:
            raise ValueError(f"VGG-19 gives {VGG_WIDTHS[-1]} channels; the last of widths {self.widths} must be that.")
        if self.encoder == "vgg19" and self.opponent:
            raise ValueError("VGG-19 was trained on red, green and blue; opponent colours are for encoder='trained'.")

    def ports(self) -> Ports:
        """gray -> photo."""
        return Ports(
            takes={"gray": Port("gray", size=self.size, multiple=4)}, gives={"photo": Port("photo", size=self.size)}
        )


PAPER128 = ContentConfig()
"""Layer for layer the released network."""

LIGHT128 = ContentConfig(
    encoder="trained", opponent=True, widths=(24, 48, 96), blocks=4, norm="layer", object_only=True, resize=True,
    keep_gray=True, kernel=5,
)  # fmt: skip
"""Small enough for a CPU to train and to run live."""

CONTENTS = {"paper128": PAPER128, "light128": LIGHT128}
"""Presets of C."""
