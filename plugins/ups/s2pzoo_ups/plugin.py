"""What this plugin gives to s2pzoo: components, models, training tasks. Data only, no torch."""

from __future__ import annotations

from attrs import evolve

from s2pzoo.declare import ComponentEntry, ModelEntry, Option, Step, TaskEntry, Weights
from s2pzoo.hooks import hookimpl
from s2pzoo_ups.config import SHAPES, TranslatorConfig
from s2pzoo_ups.content_config import CONTENTS, ContentConfig

S2PZOO_API = 1
PAPER = "Unsupervised Sketch-to-Photo Synthesis (Liu, Yu, Yu; ECCV 2020)"
PIPELINE = "s2pzoo_ups.model:UPS"


@hookimpl
def s2pzoo_components() -> list[ComponentEntry]:
    return [
        ComponentEntry(
            "ups/translator",
            kind="generator",
            factory="s2pzoo_ups.translator:ShapeTranslator",
            config="s2pzoo_ups.config:TranslatorConfig",
            summary="T and T': sketch to gray with attention, gray to sketch",
            source=f"{PAPER}, section 3.1",
        ),
        ComponentEntry(
            "ups/content",
            kind="generator",
            factory="s2pzoo_ups.content:ContentEnhancement",
            config="s2pzoo_ups.content_config:ContentConfig",
            summary="C: gray to photo, with the colours of a reference",
            source=f"{PAPER}, section 3.2",
        ),
    ]


def shape_steps(config: TranslatorConfig) -> tuple[Step, ...]:
    """sketch -> gray and attention; T' beside it, from gray back to a clean sketch."""
    category = _category(config.classes)
    return (
        Step("translator", "ups/translator", config=config, options=category),
        Step(
            "sketcher", "ups/translator", config=config.back(), writes={"sketch": "clean_sketch"}, options=category,
            side=True,
        ),
    )  # fmt: skip


def content_steps(config: ContentConfig) -> tuple[Step, ...]:
    """gray -> photo."""
    options = (
        Option("reference", "path", help="a picture whose colours the photo takes"),
        Option("alpha", "float", default=1.0, low=0, high=1, help="how much of the reference's colours"),
        *_category(config.classes),
    )
    return (Step("content", "ups/content", config=config, options=options),)


def model_steps(preset: str, *, classes: tuple[str, ...] = ()) -> tuple[Step, ...]:
    """sketch -> gray -> photo, as the networks of a preset; with `classes`, one network for all of them."""
    shape, content = evolve(SHAPES[preset], classes=classes), evolve(CONTENTS[preset], classes=classes)
    return (*shape_steps(shape), *content_steps(content))


def _category(classes: tuple[str, ...]) -> tuple[Option, ...]:
    if not classes:
        return ()
    return (Option("category", "str", default=classes[0], choices=classes, help="what is drawn"),)


@hookimpl
def s2pzoo_models() -> list[ModelEntry]:
    shared = {"pipeline": PIPELINE, "paper": PAPER, "size": 128}
    return [
        ModelEntry(
            "ups.shoes128",
            steps=model_steps("light128"),
            weights=Weights(bundled="weights/shoes128"),
            default=True,
            licence="research use only",
            summary="Free-hand sketch of a shoe to photo, light networks, 128 pixels",
            **shared,
        ),
        ModelEntry(
            "ups.chairs128",
            steps=model_steps("light128"),
            weights=Weights(bundled="weights/chairs128"),
            licence="research use only",
            summary="Free-hand sketch of a chair to photo, light networks, 128 pixels",
            **shared,
        ),
        ModelEntry(
            "ups.paper128",
            steps=model_steps("paper128"),
            summary="Layer for layer the released networks, 128 pixels; no weights here",
            **shared,
        ),
    ]


@hookimpl
def s2pzoo_tasks() -> list[TaskEntry]:
    return [
        TaskEntry("ups/stage1", factory="s2pzoo_ups.stage1:Stage1", summary="shape translation: sketch to gray"),
        TaskEntry("ups/stage2", factory="s2pzoo_ups.stage2:Stage2", summary="content enhancement: gray to photo"),
        TaskEntry("ups/joint", factory="s2pzoo_ups.joint:Joint", summary="fine-tuning of both stages together"),
    ]
