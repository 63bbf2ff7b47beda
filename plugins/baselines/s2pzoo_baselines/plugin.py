"""What this plugin gives to s2pzoo. Data only, no torch."""

from __future__ import annotations

from s2pzoo.declare import ComponentEntry, ModelEntry, Step, TaskEntry
from s2pzoo.hooks import hookimpl
from s2pzoo_baselines.config import FACES256, SHOES128, ResnetConfig, UNetConfig

S2PZOO_API = 1
PIX2PIX = "Image-to-Image Translation with Conditional Adversarial Networks (Isola et al., CVPR 2017)"
CYCLEGAN = "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks (Zhu et al., ICCV 2017)"


@hookimpl
def s2pzoo_components() -> list[ComponentEntry]:
    return [
        ComponentEntry(
            "baselines/unet",
            kind="generator",
            factory="s2pzoo_baselines.pix2pix:UNet",
            config="s2pzoo_baselines.config:UNetConfig",
            summary="pix2pix's U-Net, sketch to photo",
            source=f"{PIX2PIX}, section 6.1",
        ),
        ComponentEntry(
            "baselines/resnet",
            kind="generator",
            factory="s2pzoo_baselines.cyclegan:Resnet",
            config="s2pzoo_baselines.config:ResnetConfig",
            summary="CycleGAN's residual network, sketch to photo or photo to sketch",
            source=f"{CYCLEGAN}, section 4",
        ),
    ]


def unet_steps(config: UNetConfig) -> tuple[Step, ...]:
    """sketch -> photo."""
    return (Step("generator", "baselines/unet", config=config),)


def cycle_steps(config: ResnetConfig) -> tuple[Step, ...]:
    """sketch -> photo; the other direction beside it, from the photo back to a clean sketch."""
    back = Step("sketcher", "baselines/resnet", config=config.back(), writes={"sketch": "clean_sketch"}, side=True)
    return (Step("generator", "baselines/resnet", config=config), back)


@hookimpl
def s2pzoo_models() -> list[ModelEntry]:
    return [
        ModelEntry(
            "baselines.pix2pix-faces256",
            steps=unet_steps(FACES256),
            size=256,
            default=True,
            blank_ok=True,
            summary="pix2pix on face drawings, 256 pixels; no weights here",
            paper=PIX2PIX,
        ),
        ModelEntry(
            "baselines.cyclegan-shoes128",
            steps=cycle_steps(SHOES128),
            size=128,
            summary="CycleGAN, unpaired in one stage, a light network, 128 pixels; no weights here",
            paper=CYCLEGAN,
        ),
        ModelEntry(
            "baselines.cyclegan-paper128",
            steps=cycle_steps(ResnetConfig()),
            size=128,
            summary="CycleGAN, layer for layer the published network of 9 blocks, 128 pixels; no weights here",
            paper=CYCLEGAN,
        ),
    ]


@hookimpl
def s2pzoo_tasks() -> list[TaskEntry]:
    return [
        TaskEntry(
            "baselines/pix2pix",
            factory="s2pzoo_baselines.tasks:Pix2Pix",
            summary="a U-Net with the photo losses of the zoo's other face models",
        ),
        TaskEntry(
            "baselines/cyclegan",
            factory="s2pzoo_baselines.tasks:CycleGAN",
            summary="sketch to photo and back, unpaired, in one stage",
        ),
    ]
