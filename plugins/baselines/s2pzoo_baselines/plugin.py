"""What this plugin gives to s2pzoo. Data only, no torch."""

from __future__ import annotations

from s2pzoo.declare import ComponentEntry, ModelEntry, Step, TaskEntry
from s2pzoo.hooks import hookimpl
from s2pzoo_baselines.config import FACES256

S2PZOO_API = 1
PAPER = "Image-to-Image Translation with Conditional Adversarial Networks (Isola et al., CVPR 2017)"


@hookimpl
def s2pzoo_components() -> list[ComponentEntry]:
    return [
        ComponentEntry(
            "baselines/unet",
            kind="generator",
            factory="s2pzoo_baselines.pix2pix:UNet",
            config="s2pzoo_baselines.config:UNetConfig",
            summary="pix2pix's U-Net, sketch to photo",
            source=f"{PAPER}, section 6.1",
        )
    ]


@hookimpl
def s2pzoo_models() -> list[ModelEntry]:
    return [
        ModelEntry(
            "baselines.pix2pix-faces256",
            steps=(Step("generator", "baselines/unet", config=FACES256),),
            size=256,
            default=True,
            blank_ok=True,
            summary="pix2pix on face drawings, 256 pixels; no weights here",
            paper=PAPER,
        )
    ]


@hookimpl
def s2pzoo_tasks() -> list[TaskEntry]:
    return [
        TaskEntry(
            "baselines/pix2pix",
            factory="s2pzoo_baselines.tasks:Pix2Pix",
            summary="a U-Net with the photo losses of the zoo's other face models",
        )
    ]
