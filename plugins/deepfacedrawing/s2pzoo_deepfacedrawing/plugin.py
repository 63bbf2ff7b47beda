"""What this plugin gives to s2pzoo: components, models, training tasks, tools. Data only, no torch."""

from __future__ import annotations

from s2pzoo.host.hooks import hookimpl
from s2pzoo.spec.model import Declaration, Input, Model, Step, TaskEntry, ToolEntry, Weights
from s2pzoo_deepfacedrawing.config import (
    PAPER,
    PRESETS,
    DecoderConfig,
    DiscriminatorConfig,
    EncoderConfig,
    Face,
    ManifoldConfig,
    MappingConfig,
    Preset,
    SynthesisConfig,
    WindowsConfig,
)

S2PZOO_API = 2


def model_steps(preset: Preset) -> tuple[Step, ...]:
    """sketch -> codes -> refined -> features -> photo, and the refined sketch beside it."""
    refined = {"latent": "refined"}
    return (
        Step("encoder", preset.encoder, writes={"latent": "codes"}),
        Step("manifold", preset.manifold, reads={"latent": "codes"}, writes=refined),
        Step("mapping", preset.mapping, reads=refined),
        Step("synthesis", preset.synthesis),
        Step("decoder", preset.decoder, reads=refined, writes={"sketch": "refined_sketch"}, side=True),
    )


def window_steps(config: WindowsConfig) -> tuple[Step, ...]:
    """sketch -> placed."""
    return (Step("windows", config, writes={"sketch": "placed"}),)


@hookimpl
def s2pzoo_plugin() -> Declaration:
    tools = "s2pzoo_deepfacedrawing.tools"
    shared = {"paper": PAPER, "blank_ok": True, "dataset": "faces/corpus"}
    return Declaration(
        components=[
            EncoderConfig, DecoderConfig, ManifoldConfig, MappingConfig, SynthesisConfig, DiscriminatorConfig,
            WindowsConfig,
        ],
        models=[
            Model("deepfacedrawing.faces256", steps=model_steps(PRESETS["faces256"]), default=True, licence="CC-BY-4.0",
                  weights=Weights(bundled="weights/faces256"), **shared,
                  summary="Face drawing to photo, light network, 256 pixels, trained on 12,288 recombined faces"),
            Model("deepfacedrawing.paper512", steps=model_steps(PRESETS["paper512"]), size=512, **shared,
                  summary="Layer for layer the released network, 512 pixels; no weights here"),
        ],
        tasks=[
            TaskEntry("deepfacedrawing/stage1", factory="s2pzoo_deepfacedrawing.embedding:Stage1",
                      example="s2pzoo_deepfacedrawing.example:stage1",
                      summary="component embedding: five auto-encoders"),
            TaskEntry("deepfacedrawing/windows", factory="s2pzoo_deepfacedrawing.windows:Windows",
                      example="s2pzoo_deepfacedrawing.example:windows",
                      summary="drawn faces whose components were moved, and the way back"),
            TaskEntry("deepfacedrawing/stage2", factory="s2pzoo_deepfacedrawing.photo:Stage2",
                      example="s2pzoo_deepfacedrawing.example:stage2",
                      summary="feature mapping and image synthesis over frozen encoders"),
        ],
        tools=[
            ToolEntry("morph", method=f"{tools}:morph", gives="animation", run_options=True,
                      inputs=[Input("a", "drawing", "The first drawing."), Input("b", "drawing", "The last drawing.")],
                      summary="Make an animation in which the photo of one drawing becomes that of another."),
            ToolEntry("mix", method=f"{tools}:mix",
                      inputs=[Input("parts", "parts", "Which drawing each component is taken from, such as "
                                    "remainder=a.svg mouth=b.svg.", names=("eyes", *Face().names))],
                      summary="Make one photo of components from several drawings."),
            ToolEntry("shadow", method=f"{tools}:shadow", run_options=True, under={"strokes": False},
                      inputs=[Input("sketch", "drawing", "The drawing, finished or not.")],
                      summary="Make the guidance picture to draw over: what the model takes the drawing to be."),
            ToolEntry("refine", method=f"{tools}:refine", run_options=True, seeded=True,
                      inputs=[Input("sketch", "drawings", "Drawings, or folders of them.")],
                      summary="Make plausible drawings of poor ones."),
        ],
    )  # fmt: skip
