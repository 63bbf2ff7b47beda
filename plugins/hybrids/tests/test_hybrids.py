"""Models made of other models' trained parts."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from s2pzoo_hybrids import plugin
from s2pzoo_hybrids.plugin import s2pzoo_plugin
from torch import Tensor

import s2pzoo
from s2pzoo.errors import PluginError
from s2pzoo.host.registry import default_registry
from s2pzoo.pipeline.plan import read_toml
from s2pzoo.spec.names import parse_part
from s2pzoo.weights.bundle import read_bundle

PACKAGE = Path(plugin.__file__).parent
MODELS = [model.name for model in s2pzoo_plugin().models]


def face() -> Tensor:
    """An oval, two eyes, a mouth."""
    y, x = torch.linspace(-1, 1, 256)[:, None], torch.linspace(-1, 1, 256)[None]
    oval = ((x / 0.55) ** 2 + (y / 0.75) ** 2).sqrt().sub(1).abs() < 0.015
    eyes = (((x.abs() - 0.27) / 0.1) ** 2 + ((y + 0.07) / 0.05) ** 2).sqrt().sub(1).abs() < 0.15
    mouth = ((y - 0.4).abs() < 0.012) & (x.abs() < 0.2)
    return 1 - (oval | eyes | mouth).float()[None, None]


@pytest.mark.parametrize("name", MODELS)
def test_each_is_small_names_its_parts_and_makes_a_photo(name: str) -> None:
    folder = PACKAGE / "weights" / name.partition(".")[2]
    held = read_bundle(folder)
    assert held.bytes < 6_000_000 and held.manifest.summary and held.manifest.metrics
    named = [parse_part(step.weights) for step in held.manifest.steps if step.weights]
    assert named and all(part.model.family in default_registry().families() for part in named)
    pipeline = s2pzoo.load(name)
    options = {"steps": 1} if "steps" in pipeline.model.options else {}
    photo = pipeline.execute({"sketch": face()}, [pipeline.model.output], **options)[pipeline.model.output]
    assert photo.shape[1] == 3 and photo.std() > 0.05 and photo.isfinite().all()
    assert pipeline.model.dataset == "faces/corpus"  # so that heads are found


@pytest.mark.parametrize("name", MODELS)
def test_each_is_what_its_composition_says(name: str) -> None:
    steps, said, _, output = read_toml(PACKAGE / "compositions" / f"{name.partition('.')[2]}.toml", "", None)
    held = read_bundle(PACKAGE / "weights" / name.partition(".")[2]).manifest
    assert said == name and output["summary"] == held.summary
    families = {step["part"].partition("/")[0].partition(":")[0].partition(".")[0] for step in steps}
    assert {parse_part(step.weights).model.family for step in held.steps if step.weights} <= families


def test_a_colour_is_the_photos_and_the_drawing_stays() -> None:
    pipeline = s2pzoo.load("hybrids.coloured-face")
    photo = pipeline.model.output
    red, blue = (pipeline.execute({"sketch": face()}, [photo], colour=name)[photo] for name in ("red", "blue"))
    cheeks = (..., slice(150, 170), slice(84, 104))
    assert red[:, 0][cheeks].mean() > blue[:, 0][cheeks].mean() + 0.1
    assert blue[:, 2][cheeks].mean() > red[:, 2][cheeks].mean() + 0.1
    luma = torch.tensor([0.299, 0.587, 0.114])[:, None, None]
    assert ((red - blue) * luma).sum(1).abs().mean() < 0.02  # the gray photo is the same


def test_without_a_plugin_that_a_part_is_of_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("S2PZOO_DISABLE", "deepfacedrawing")
    default_registry.cache_clear()
    try:
        with pytest.raises(PluginError, match="deepfacedrawing"):
            s2pzoo.load("hybrids.coloured-face")
    finally:
        default_registry.cache_clear()


def test_one_faithfulness_turns_every_step_of_a_composition() -> None:
    parts = [f"deepfacedrawing:{name}" for name in ("encoder", "manifold", "decoder")]
    both = s2pzoo.compose([*parts, "contextualgan"])
    users = [step.name for step in both.model.steps if any(o.name == "faithfulness" for o in step.options)]
    assert users == ["manifold", "projection"]
    free, literal = (both.execute({"sketch": face()}, ["sketch_2"], faithfulness=f)["sketch_2"] for f in (0.0, 1.0))
    assert (literal - face()).abs().mean() < (free - face()).abs().mean()
