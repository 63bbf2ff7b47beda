"""Configs of the encoders. No torch."""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from s2pzoo.spec.fields import knob
from s2pzoo.spec.model import ComponentEntry
from s2pzoo.spec.ports import Port, Ports

SKETCHBERT = (
    "Sketch-BERT: Learning Sketch Bidirectional Encoder Representation from Transformers (Lin et al., CVPR 2020)"
)
SKETCH_A_NET = "Sketch-a-Net: A Deep Neural Network that Beats Humans (Yu et al., IJCV 2017)"
TIMM = "PyTorch Image Models (Wightman 2019)"


@frozen(kw_only=True)
class TimmConfig:
    """A backbone of timm: its maps of all strides brought to one, and a latent of the last."""

    component: ClassVar = ComponentEntry(
        "encoders/timm", kind="encoder", network="s2pzoo_encoders.backbone:TimmEncoder", variants="model",
        summary="a backbone of timm: encoders/timm-resnet18, encoders/timm-ANY_MODEL", source=TIMM,
    )  # fmt: skip

    model: str = knob("mobilenetv4_conv_small", help="of timm")
    stride: int = knob(8, low=1, help="pixels of the drawing a cell of the map; finer than the model's is interpolated")
    channels: int = knob(64, low=1, help="of the map")
    latent: int = knob(256, low=1, help="numbers of the latent")
    size: int = knob(0, low=0, help="side that drawings are brought to; 0: as they come, or what the model is made for")
    pretrained: bool = knob(False, help="trainings begin with timm's published weights")
    revision: str = knob("", help="the commit of those weights; a training that has none writes down the newest")
    frozen: bool = knob(False, help="the backbone is not trained on, its batch statistics stay as they are")

    def ports(self) -> Ports:
        """sketch -> a map and a latent."""
        gives = {"features": Port("features", channels=self.channels), "latent": Port("latent", dim=self.latent)}
        return Ports(takes={"sketch": Port("sketch")}, gives=gives)


@frozen(kw_only=True)
class SketchCNNConfig:
    """Sketch-a-Net: few, large first filters, for line drawings have no texture."""

    component: ClassVar = ComponentEntry(
        "encoders/sketchcnn", kind="encoder", network="s2pzoo_encoders.sketchcnn:SketchCNN",
        summary="Sketch-a-Net: large first filters, no normalisation", source=SKETCH_A_NET,
    )  # fmt: skip

    widths: tuple[int, ...] = knob(
        (64, 128, 256, 256, 256), low=1, paper=(64, 128, 256, 256, 256), help="channels of the five convolutions"
    )
    latent: int = knob(512, low=1, paper=512, help="numbers of the latent")
    dropout: float = knob(0.5, low=0, high=1, paper=0.5, help="of the fully connected layers, in training")

    def ports(self) -> Ports:
        """sketch -> a map and a latent."""
        gives = {"features": Port("features", channels=self.widths[-1]), "latent": Port("latent", dim=self.latent)}
        return Ports(takes={"sketch": Port("sketch")}, gives=gives)


@frozen(kw_only=True)
class SketchBERTConfig:
    """Sketch-BERT. The defaults are the paper's."""

    component: ClassVar = ComponentEntry(
        "encoders/sketchbert", kind="encoder", network="s2pzoo_encoders.sketchbert:SketchBERT",
        summary="Sketch-BERT: a transformer on the points of strokes", source=SKETCHBERT,
    )  # fmt: skip

    layers: int = knob(8, low=1, paper=8, help="of the transformer")
    heads: int = knob(12, low=1, paper=12, help="of its attention")
    hidden: int = knob(768, low=1, paper=768, help="d, numbers a token")
    ffn: int = knob(3072, low=1, paper=3072, help="inside its feed-forward networks")
    widths: tuple[int, ...] = knob((128, 256, 512), low=1, paper=(128, 256, 512), help="d_E, then the refine network's")
    shared: bool = knob(True, paper=True, help="all layers are one and the same (ALBERT)")
    dropout: float = knob(0.5, low=0, high=1, released=0.5, help="in training")
    longest: int = knob(250, low=2, paper=250, help="points of a drawing at most")
    strokes: int = knob(50, low=0, paper=50, released=0, help="strokes that are told apart; 0: none are")
    pool: str = knob(
        "cls", choices=("cls", "mean"), paper="cls", help="the latent: of the CLS token, or the mean of all"
    )
    pooled: int = knob(0, low=0, help="the layer after which the latent is taken; 0: the last")
    grid: int = knob(32, low=1, help="cells a side of the map that the tokens are laid out on")
    start: str = knob("", help="a trained one that trainings begin with: encoders.sketchbert-small, or a folder")

    def ports(self) -> Ports:
        """strokes -> a latent, tokens, and a map."""
        return Ports(
            takes={"strokes": Port("strokes")},
            gives={
                "latent": Port("latent", dim=self.hidden),
                "tokens": Port("latent", dim=(self.longest, self.hidden)),
                "features": Port("features", channels=self.hidden, size=self.grid),
            },
        )


@frozen(kw_only=True)
class SketchBERTSmallConfig(SketchBERTConfig):
    """A Sketch-BERT that a CPU can pre-train."""

    component: ClassVar = ComponentEntry(
        "encoders/sketchbert-small", kind="encoder", network="s2pzoo_encoders.sketchbert:SmallSketchBERT",
        summary="Sketch-BERT, a small one", source=SKETCHBERT,
    )  # fmt: skip

    layers: int = knob(4, low=1, help="of the transformer")
    heads: int = knob(8, low=1, help="of its attention")
    hidden: int = knob(256, low=1, help="d, numbers a token")
    ffn: int = knob(1024, low=1, help="inside its feed-forward networks")
    widths: tuple[int, ...] = knob((128,), low=1, help="d_E, then the refine network's")
    shared: bool = knob(False, help="all layers are one and the same (ALBERT)")
    dropout: float = knob(0.1, low=0, high=1, help="in training")
    longest: int = knob(160, low=2, help="points of a drawing at most")
    pool: str = knob("mean", choices=("cls", "mean"), help="the latent: the CLS token, or the mean of all")
    pooled: int = knob(3, low=0, help="the layer after which the latent is taken; 0: the last")


SIZES = {"paper": SketchBERTConfig(), "small": SketchBERTSmallConfig()}
