"""What this plugin gives to s2pzoo. Data only, no torch."""

from __future__ import annotations

from s2pzoo.host.hooks import hookimpl
from s2pzoo.spec.model import Declaration, Model, Step, TaskEntry
from s2pzoo_baselines.config import CYCLEGAN, FACES256, PIX2PIX, SHOES128, ResnetConfig, UNetConfig

S2PZOO_API = 2


def cycle_steps(config: ResnetConfig) -> tuple[Step, ...]:
    """sketch -> photo; the other direction beside it, from the photo back to a clean sketch."""
    back = Step("sketcher", config.back(), writes={"sketch": "clean_sketch"}, side=True)
    return (Step("generator", config), back)


@hookimpl
def s2pzoo_plugin() -> Declaration:
    return Declaration(
        components=[UNetConfig, ResnetConfig],
        models=[
            Model("baselines.pix2pix-faces256", steps=[Step("generator", FACES256)], default=True, blank_ok=True,
                  dataset="faces/corpus", summary="pix2pix on face drawings, 256 pixels; no weights here",
                  paper=PIX2PIX),
            Model("baselines.cyclegan-shoes128", steps=cycle_steps(SHOES128), size=128, paper=CYCLEGAN,
                  summary="CycleGAN, unpaired in one stage, a light network, 128 pixels; no weights here"),
            Model("baselines.cyclegan-paper128", steps=cycle_steps(ResnetConfig()), size=128, paper=CYCLEGAN,
                  summary="CycleGAN, layer for layer the published network of 9 blocks, 128 pixels; no weights here"),
        ],
        tasks=[
            TaskEntry("baselines/pix2pix", factory="s2pzoo_baselines.pix2pix:Pix2Pix",
                      example="s2pzoo_baselines.example:pix2pix",
                      summary="a U-Net with the photo losses of the zoo's other face models"),
            TaskEntry("baselines/cyclegan", factory="s2pzoo_baselines.cyclegan:CycleGAN",
                      example="s2pzoo_baselines.example:cyclegan",
                      summary="sketch to photo and back, unpaired, in one stage"),
        ],
    )  # fmt: skip
