"""What this plugin gives to s2pzoo: components, models, training tasks, tools. Data only, no torch."""

from __future__ import annotations

from typing import Any

from attrs import evolve

from s2pzoo.host.hooks import hookimpl
from s2pzoo.spec.model import Declaration, Input, Model, Step, TaskEntry, ToolEntry, Weights
from s2pzoo_ups.config import CONTENTS, PAPER, SHAPES, ContentConfig, TranslatorConfig

S2PZOO_API = 2


def shape_steps(config: TranslatorConfig) -> tuple[Step, ...]:
    """sketch -> gray and attention; T' beside it, from gray back to a clean sketch."""
    sketcher = Step("sketcher", config.back(), writes={"sketch": "clean_sketch"}, side=True)
    return (Step("translator", config), sketcher)


def model_steps(preset: str, *, classes: tuple[str, ...] = (), **shape: Any) -> tuple[Step, ...]:
    """sketch -> gray -> photo, as the networks of a preset; with `classes`, one network for all of them.

    `shape`: what of T's config is another.
    """
    content = evolve(CONTENTS[preset], classes=classes)
    return (*shape_steps(evolve(SHAPES[preset], classes=classes, **shape)), Step("content", content))


@hookimpl
def s2pzoo_plugin() -> Declaration:
    shared = {"paper": PAPER, "size": 128}
    trained = {"licence": "research use only", **shared}
    drawings = [Input("sketch", "drawings", "Drawings, or folders of them.")]
    return Declaration(
        components=[TranslatorConfig, ContentConfig],
        models=[
            Model("ups.shoes128", weights=Weights(bundled="weights/shoes128"), default=True, **trained,
                  steps=model_steps("light128", tone=0.4),
                  summary="Free-hand sketch of a shoe to photo, light networks, 128 pixels"),
            Model("ups.chairs128", weights=Weights(bundled="weights/chairs128"), **trained,
                  steps=model_steps("light128", base=24, toned=False),
                  summary="Free-hand sketch of a chair to photo, light networks, 128 pixels"),
            Model("ups.paper128", steps=model_steps("paper128"), **shared,
                  summary="Layer for layer the released networks, 128 pixels; no weights here"),
        ],
        tasks=[
            TaskEntry("ups/stage1", factory="s2pzoo_ups.shape:Stage1",
                      example="s2pzoo_ups.example:stage1",
                      summary="shape translation: sketch to gray"),
            TaskEntry("ups/stage2", factory="s2pzoo_ups.content:Stage2",
                      example="s2pzoo_ups.example:stage2",
                      summary="content enhancement: gray to photo"),
            TaskEntry("ups/joint", factory="s2pzoo_ups.joint:Joint",
                      example="s2pzoo_ups.example:joint",
                      summary="fine-tuning of both stages together"),
        ],
        tools=[
            ToolEntry("sketch", method="s2pzoo_ups.tools:sketch", run_options=True, seeded=True,
                      inputs=[Input("photo", "photos", "Photos, or folders to search for them.")],
                      summary="Turn photos into drawings, as T' draws them."),
            ToolEntry("clean", method="s2pzoo_ups.tools:clean", inputs=drawings, run_options=True, seeded=True,
                      summary="Draw drawings anew, with less of what does not belong to them."),
            ToolEntry("attention", method="s2pzoo_ups.tools:attention", inputs=drawings, run_options=True,
                      seeded=True, summary="Show which strokes of drawings the model leaves out."),
            ToolEntry("styles", method="s2pzoo_ups.tools:styles", gives="pictures", run_options=True, seeded=True,
                      inputs=[Input("sketch", "drawing", "The drawing."),
                              Input("references", "photos", "Photos whose colours to take.")],
                      summary="Paint one drawing in the colours of many photos."),
        ],
    )  # fmt: skip
