"""The recipes named after a paper's network say the paper's numbers, wherever a field knows them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import pytest

from s2pzoo.host.registry import default_registry
from s2pzoo.spec.fields import fields_of
from s2pzoo.train.recipe import find_task, read_recipe, recipe_of
from s2pzoo.weights.resolve import package_folder

# L1 losses are on [-1,1] in the papers' codes and on [0,1] here; the last is a mean of three scales, or of four layers.
SCALED = {"weights.cycle": 2, "weights.identity": 2, "weights.intensity": 2}


def papers() -> list[str]:
    found = []
    for plugin in default_registry().plugins():
        folder = package_folder(plugin.module) / "recipes" if plugin.module else None
        names = folder.glob("paper*.toml") if folder and folder.is_dir() else ()
        found += [f"{plugin.family}/{file.stem}" for file in sorted(names)]
    return found


def known(recipe: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Each value of a recipe, by its path, with the paper's number or the released code's where a field has one."""
    if not attrs.has(type(recipe)):
        return
    for one in fields_of(type(recipe)):
        value, name = getattr(recipe, one.name), f"{path}{one.name}"
        wanted = one.released if isinstance(one.released, int | float) else one.paper
        if isinstance(wanted, int | float) and isinstance(value, int | float):
            yield name, value, wanted
        yield from known(value, f"{name}.")


def test_each_method_has_the_papers_recipe() -> None:
    assert {name.partition("/")[0] for name in papers()} == {"contextualgan", "deepfacedrawing", "simplify", "ups"}


@pytest.mark.parametrize("name", papers())
def test_a_papers_recipe_says_the_papers_numbers(name: str) -> None:
    raw = read_recipe(name)
    recipe = recipe_of(find_task(raw.task).Recipe, raw.to_dict())
    told = list(known(recipe))
    assert len(told) > 3 or "stage1" in name
    for path, value, wanted in told:
        if path == "weights.identity":
            wanted = 5  # the printed .5, times the cycle's weight, as the code has it
        assert value == pytest.approx(wanted * SCALED.get(path, 1)), path
