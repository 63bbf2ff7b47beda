"""What this plugin gives to s2pzoo: components, models, training tasks. Data only, no torch."""

from __future__ import annotations

from s2pzoo.declare import ComponentEntry, ModelEntry, Option, Step, TaskEntry, Weights
from s2pzoo.hooks import hookimpl
from s2pzoo_deepfacedrawing.config import PRESETS, SOLVERS, Preset

S2PZOO_API = 1
PAPER = "DeepFaceDrawing: Deep Generation of Face Images from Sketches (Chen et al., ACM TOG 39(4), 2020)"
PIPELINE = "s2pzoo_deepfacedrawing.model:DeepFaceDrawing"

_PARTS = {
    "encoder": ("encoder", "embedding:ComponentEncoders", "EncoderConfig", "CE: five component encoders", "4.1"),
    "decoder": ("generator", "embedding:ComponentDecoders", "DecoderConfig", "CE: five image decoders", "4.1"),
    "manifold": ("refiner", "manifold:ManifoldProjection", "ManifoldConfig", "manifold projection", "4.1, eq. 1-3"),
    "mapping": ("generator", "mapping:FeatureMapping", "MappingConfig", "FM: codes to merged feature maps", "4.2"),
    "synthesis": ("generator", "synthesis:ImageSynthesis", "SynthesisConfig", "IS: feature maps to a photo", "4.2"),
    "discriminator": (
        "discriminator", "synthesis:PhotoDiscriminator", "DiscriminatorConfig", "multi-scale PatchGAN", "4.2",
    ),
}  # fmt: skip


@hookimpl
def s2pzoo_components() -> list[ComponentEntry]:
    return [
        ComponentEntry(
            f"deepfacedrawing/{name}",
            kind=kind,
            factory=f"s2pzoo_deepfacedrawing.{factory}",
            config=f"s2pzoo_deepfacedrawing.config:{config}",
            summary=summary,
            source=f"{PAPER}, section {section}",
        )
        for name, (kind, factory, config, summary, section) in _PARTS.items()
    ]


def model_steps(preset: Preset) -> tuple[Step, ...]:
    """sketch -> codes -> refined -> features -> photo, and the refined sketch beside it."""
    names, bank = preset.encoder.face.names, preset.manifold
    options = (
        Option("blend", "mapping", default={}, low=0, high=1, keys=(*names, "all"),
               help=f"wb of a component: 1 keeps what is drawn, 0 refines it fully (default {bank.blend:g})"),
        Option("solver", "str", default=bank.solver, choices=SOLVERS,
               help="how a code is rebuilt from its neighbours"),
        Option("neighbours", "int", default=min(bank.neighbours, bank.samples), low=1, high=bank.samples,
               help="K, how many samples a code is rebuilt from"),
        Option("gender", "str", default="any", choices=("any", "female", "male"), help="restricts the samples"),
        Option("age", "str", help="restricts the samples: years as 20-35, or one number"),
    )  # fmt: skip
    return (
        Step("encoder", "deepfacedrawing/encoder", config=preset.encoder, writes={"latent": "codes"}),
        Step(
            "manifold", "deepfacedrawing/manifold", config=preset.manifold,
            reads={"latent": "codes"}, writes={"latent": "refined"}, options=options,
        ),
        Step("mapping", "deepfacedrawing/mapping", config=preset.mapping, reads={"latent": "refined"}),
        Step("synthesis", "deepfacedrawing/synthesis", config=preset.synthesis),
        Step(
            "decoder", "deepfacedrawing/decoder", config=preset.decoder,
            reads={"latent": "refined"}, writes={"sketch": "refined_sketch"}, side=True,
        ),
    )  # fmt: skip


@hookimpl
def s2pzoo_models() -> list[ModelEntry]:
    shared = {"pipeline": PIPELINE, "paper": PAPER, "blank_ok": True}
    return [
        ModelEntry(
            "deepfacedrawing.faces256",
            steps=model_steps(PRESETS["faces256"]),
            size=256,
            weights=Weights(bundled="weights/faces256"),
            default=True,
            summary="Face drawing to photo, light network, 256 pixels, trained on 12,288 recombined faces",
            licence="CC-BY-4.0",
            **shared,
        ),
        ModelEntry(
            "deepfacedrawing.paper512",
            steps=model_steps(PRESETS["paper512"]),
            size=512,
            summary="Layer for layer the released network, 512 pixels; no weights here",
            **shared,
        ),
    ]


@hookimpl
def s2pzoo_tasks() -> list[TaskEntry]:
    return [
        TaskEntry("deepfacedrawing/stage1", factory="s2pzoo_deepfacedrawing.tasks:Stage1",
                  summary="component embedding: five auto-encoders"),
        TaskEntry("deepfacedrawing/stage2", factory="s2pzoo_deepfacedrawing.tasks:Stage2",
                  summary="feature mapping and image synthesis over frozen encoders"),
    ]  # fmt: skip
