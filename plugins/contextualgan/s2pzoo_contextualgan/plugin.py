"""What this plugin gives to s2pzoo: components, models, training tasks. Data only, no torch."""

from __future__ import annotations

from attrs import evolve

from s2pzoo.declare import ComponentEntry, ModelEntry, Option, Step, TaskEntry, Weights
from s2pzoo.hooks import hookimpl
from s2pzoo_contextualgan.config import PRESETS, Preset

S2PZOO_API = 1
PAPER = "Image Generation from Sketch Constraint Using Contextual GAN (Lu et al., ECCV 2018)"
PIPELINE = "s2pzoo_contextualgan.model:ContextualGAN"

_PARTS = {
    "generator": ("generator", "networks:JointGenerator", "GeneratorConfig", "G: z to sketch and photo at once"),
    "discriminator": ("discriminator", "networks:JointDiscriminator", "DiscriminatorConfig", "D on joint pictures"),
    "encoder": ("encoder", "networks:ContextEncoder", "EncoderConfig", "the learned initialiser: a drawing to z"),
    "projection": ("refiner", "projection:Projection", "ProjectionConfig", "z by back-propagation through G and D"),
}

_OPTIONS = (
    Option("faithfulness", "float", default=0.5, low=0, high=1, help="0: a likely face; 1: the drawing, line by line"),
    Option("steps", "int", default=40, low=0, high=5000, help="of the search for z, at faithfulness .5"),
    Option("start", "str", default="learned", choices=("learned", "refined", "random"), help="where it begins"),
    Option("inits", "int", default=30, low=1, high=1000, help="N, random candidates to choose the start from"),
    Option("restarts", "int", default=1, low=1, high=100, help="candidates that are followed, the best is kept"),
    Option("contextual", "str", default="kl_ink", choices=("kl", "kl_ink", "l1", "mse"), help="how sketches compare"),
    Option("blur", "float", default=2.0, low=0, high=8, help="of both sketches before that, in their pixels"),
    Option("anchor", "float", default=3.0, low=0, help="how firmly z is held near the learned start"),
    Option("optimizer", "str", default="adam", choices=("adam", "momentum"), help="momentum: the released code's rule"),
    Option("lr", "float", default=0.05, low=0, help="rate of the optimiser"),
)


@hookimpl
def s2pzoo_components() -> list[ComponentEntry]:
    return [
        ComponentEntry(
            f"contextualgan/{name}",
            kind=kind,
            factory=f"s2pzoo_contextualgan.{factory}",
            config=f"s2pzoo_contextualgan.config:{config}",
            summary=summary,
            source=f"{PAPER}, section 3",
        )
        for name, (kind, factory, config, summary) in _PARTS.items()
    ]


def model_steps(preset: Preset, *, initialiser: bool = True) -> tuple[Step, ...]:
    """sketch -> first z -> z, with the photo and the sketch that G makes of it."""
    config = evolve(preset.projection(), guessed=initialiser)
    writes = {"latent": "z", "sketch": "drawn"}
    if not initialiser:
        return (Step("projection", "contextualgan/projection", config=config, writes=writes, options=_OPTIONS),)
    return (
        Step("initialiser", "contextualgan/encoder", config=preset.encoder, writes={"latent": "first"}),
        Step(
            "projection", "contextualgan/projection", config=config,
            reads={"latent": "first"}, writes=writes, options=_OPTIONS,
        ),
    )  # fmt: skip


@hookimpl
def s2pzoo_models() -> list[ModelEntry]:
    shared = {"pipeline": PIPELINE, "paper": PAPER, "size": 256}
    return [
        ModelEntry(
            "contextualgan.faces64",
            steps=model_steps(PRESETS["faces64"]),
            weights=Weights(bundled="weights/faces64"),
            default=True,
            licence="CC-BY-4.0",
            summary="Face drawing to photo by completing a joint picture, light networks, 64 pixels",
            **shared,
        ),
        ModelEntry(
            "contextualgan.paper64",
            steps=model_steps(PRESETS["paper64"], initialiser=False),
            summary="Layer for layer the paper's networks, 64 pixels; no weights here",
            **shared,
        ),
        ModelEntry(
            "contextualgan.joint128",
            steps=model_steps(PRESETS["joint128"]),
            summary="Residual networks, 128 pixels; no weights here",
            **shared,
        ),
    ]


@hookimpl
def s2pzoo_tasks() -> list[TaskEntry]:
    return [
        TaskEntry("contextualgan/joint", factory="s2pzoo_contextualgan.tasks:Joint",
                  summary="G and D on joint pictures, and the learned initialiser"),
    ]  # fmt: skip
