"""What this plugin gives to s2pzoo: encoders of drawings, and the pre-training of one. Data only, no torch."""

from __future__ import annotations

from s2pzoo.host.hooks import hookimpl
from s2pzoo.spec.adapters import AdapterConfig
from s2pzoo.spec.model import Declaration, Model, Step, TaskEntry, Weights
from s2pzoo_encoders.config import (
    SIZES,
    SKETCHBERT,
    SketchBERTConfig,
    SketchBERTSmallConfig,
    SketchCNNConfig,
    TimmConfig,
)

S2PZOO_API = 2


def traced_steps(config: SketchBERTConfig) -> tuple[Step, ...]:
    """sketch -> strokes, by tracing, -> latent, tokens, features."""
    tracing = AdapterConfig(kind_from="sketch", kind_to="strokes", size=256, longest=config.longest)
    return (Step("tracing", tracing, component="s2pzoo/strokes-from-sketch"), Step("encoder", config))


@hookimpl
def s2pzoo_plugin() -> Declaration:
    return Declaration(
        components=[TimmConfig, SketchCNNConfig, SketchBERTConfig, SketchBERTSmallConfig],
        models=[
            Model("encoders.sketchbert-small", steps=traced_steps(SIZES["small"]), output="latent", default=True,
                  paper=SKETCHBERT, blank_ok=True, licence="research use only",
                  weights=Weights(bundled="weights/sketchbert-small"),
                  summary="Sketch-BERT, a small one: a drawing traced, and what its strokes say"),
            Model("encoders.sketchbert-paper", steps=traced_steps(SIZES["paper"]), output="latent", paper=SKETCHBERT,
                  blank_ok=True, summary="Sketch-BERT, as large as the paper's; no weights here"),
        ],
        tasks=[
            TaskEntry("encoders/gestalt", factory="s2pzoo_encoders.sketchbert:Gestalt",
                      example="s2pzoo_encoders.example:gestalt",
                      summary="sketch gestalt: masked points of drawings are recovered"),
        ],
    )  # fmt: skip
