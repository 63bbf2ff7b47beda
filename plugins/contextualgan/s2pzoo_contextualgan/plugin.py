"""What this plugin gives to s2pzoo: components, models, a training task, tools. Data only, no torch."""

from __future__ import annotations

from attrs import evolve

from s2pzoo.host.hooks import hookimpl
from s2pzoo.spec.model import Declaration, Input, Model, Step, TaskEntry, ToolEntry, Weights
from s2pzoo_contextualgan.config import (
    PAPER,
    PRESETS,
    DiscriminatorConfig,
    EncoderConfig,
    GeneratorConfig,
    Preset,
    ProjectionConfig,
)

S2PZOO_API = 2


def model_steps(preset: Preset, *, initialiser: bool = True) -> tuple[Step, ...]:
    """sketch -> first z -> z, with the photo and the sketch that G makes of it."""
    config = evolve(preset.projection(), guessed=initialiser)
    writes = {"latent": "z", "sketch": "drawn"}
    if not initialiser:
        return (Step("projection", config, writes=writes),)
    first = {"latent": "first"}
    return (Step("initialiser", preset.encoder, writes=first), Step("projection", config, reads=first, writes=writes))


@hookimpl
def s2pzoo_plugin() -> Declaration:
    shared = {"paper": PAPER, "size": 256, "dataset": "faces/corpus"}
    photos = Input("photo", "photos", "Photos, or folders to search for them.")
    return Declaration(
        components=[GeneratorConfig, DiscriminatorConfig, EncoderConfig, ProjectionConfig],
        models=[
            Model("contextualgan.faces64", steps=model_steps(PRESETS["faces64"]), default=True, licence="CC-BY-4.0",
                  weights=Weights(bundled="weights/faces64"), **shared,
                  summary="Face drawing to photo by completing a joint picture, light networks, 64 pixels"),
            Model("contextualgan.paper64", steps=model_steps(PRESETS["paper64"], initialiser=False), **shared,
                  summary="Layer for layer the paper's networks, 64 pixels; no weights here"),
            Model("contextualgan.joint128", steps=model_steps(PRESETS["joint128"]), **shared,
                  summary="Residual networks, 128 pixels; no weights here"),
        ],
        tasks=[
            TaskEntry("contextualgan/joint", factory="s2pzoo_contextualgan.training:Joint",
                      example="s2pzoo_contextualgan.example:joint",
                      summary="G and D on joint pictures, and the learned initialiser"),
            TaskEntry("contextualgan/initialiser", factory="s2pzoo_contextualgan.initialiser:Initialiser",
                      example="s2pzoo_contextualgan.example:initialiser",
                      summary="the initialiser alone, with any encoder in it"),
        ],
        tools=[
            ToolEntry("sketch", method="s2pzoo_contextualgan.tools:sketch", inputs=[photos], run_options=True,
                      seeded=True, summary="Turn photos into drawings, by the opposite mask."),
            ToolEntry("complete", method="s2pzoo_contextualgan.tools:complete", run_options=True, seeded=True,
                      inputs=[photos, Input("mask", "mask", "White where the photos are missing, black where they are "
                                            "known.")],
                      summary="Fill in what is missing in photos."),
        ],
    )  # fmt: skip
