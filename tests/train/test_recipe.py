from __future__ import annotations

from pathlib import Path

import pytest

from s2pzoo.errors import RecipeError
from s2pzoo.host.registry import default_registry
from s2pzoo.train.recipe import SCHEDULE, Recipe, changes, read_recipe

TEXT = """
name = "small"
task = "acme/fit"
seed = 3
[data]
size = 64
[networks.generator]
width = 16
[networks.discriminator]
width = 8
[losses]
l1 = 10.0
[schedule]
batch = 2
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    (tmp_path / "small.toml").write_text(TEXT)
    return read_recipe(tmp_path / "small.toml")


def resolved(recipe: Recipe, *overrides: str) -> Recipe:
    return recipe.resolve(overrides=overrides)


def test_values_are_reached_by_key_and_by_attribute(recipe: Recipe) -> None:
    assert recipe.networks.generator.width == recipe["networks"]["generator"]["width"] == 16
    assert recipe.losses.get("perceptual", 0.0) == 0.0
    assert recipe.networks.generator.to_dict() == {"width": 16}


def test_a_missing_key_is_told_with_the_nearest(recipe: Recipe) -> None:
    with pytest.raises(RecipeError, match=r"networks\.generater[\s\S]*generator"):
        recipe.networks.generater


def test_resolving_fills_in_the_schedule_and_keeps_what_is_given(recipe: Recipe) -> None:
    schedule = resolved(recipe).schedule
    assert schedule.batch == 2
    assert schedule.steps == SCHEDULE["steps"]


def test_a_task_declares_more_keys_with_defaults(recipe: Recipe) -> None:
    defaults = {"schedule": {"d_every": 1}, "losses": {"l1": 1.0, "adversarial": 2.0}}
    made = recipe.resolve(defaults, ["d_every=4"])
    assert made.schedule.d_every == 4
    assert made.losses.to_dict() == {"l1": 10.0, "adversarial": 2.0}


def test_a_declared_section_is_closed(recipe: Recipe) -> None:
    with pytest.raises(RecipeError, match=r"data\.size[\s\S]*sizes"):
        recipe.resolve({"data": {"sizes": 1}})


def test_a_table_in_a_declared_section_is_closed_unless_its_default_is_empty(recipe: Recipe) -> None:
    assert recipe.resolve({"networks": {"generator": {}, "discriminator": {"width": 4}}}).networks.generator.width == 16
    with pytest.raises(RecipeError, match=r"networks\.generator\.width[\s\S]*widths"):
        recipe.resolve({"networks": {"generator": {"widths": 4}, "discriminator": {}}})


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("schedule.batch=4", ("schedule", "batch"), 4),
        ("batch = 4", ("schedule", "batch"), 4),
        ("l1=3", ("losses", "l1"), 3),
        ("lr=1e-3", ("schedule", "lr"), 1e-3),
        ("betas=[0.5, 0.99]", ("schedule", "betas"), [0.5, 0.99]),
        ("decay=cosine", ("schedule", "decay"), "cosine"),
        ('decay="linear"', ("schedule", "decay"), "linear"),
        ("precision=bf16-mixed", ("schedule", "precision"), "bf16-mixed"),
        ("networks.generator.width=32", ("networks", "generator", "width"), 32),
    ],
)
def test_an_override_replaces_one_value(recipe: Recipe, text: str, path: tuple[str, ...], value: object) -> None:
    found = resolved(recipe, text)
    for key in path:
        found = found[key]
    assert found == value


def test_an_override_of_the_seed(recipe: Recipe) -> None:
    assert resolved(recipe, "seed=9").seed == 9


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("bach=4", "'batch'"),
        ("schedule.bach=4", "batch"),
        ("width=4", "networks.generator.width, networks.discriminator.width"),
        ("batch", "not an override"),
        ("batch=many", "whole number"),
        ("batch=2.5", "whole number"),
        ("lr=true", "a number"),
        ("batch=0", "1 or more"),
        ("ema=1", "below 1"),
        ("decay=sine", "none, linear, cosine"),
        ("betas=[1,", "not TOML"),
        ("task=other/task", "task"),
        ("schedule=1", "schedule"),
    ],
)
def test_a_wrong_override_says_what_to_write(recipe: Recipe, text: str, words: str) -> None:
    with pytest.raises(RecipeError) as caught:
        resolved(recipe, text)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name = ", "not TOML"),
        ('task = "a/b"', "no name"),
        ('name = "x"', "no task"),
        ('name = "x"\ntask = "a/b"\nlosess = 1', "losses"),
        ('name = "x"\ntask = "a/b"\nlosses = 1', "must be a table"),
        ('name = "x"\ntask = "a/b"\nseed = "one"', "whole number"),
        ('name = "x"\ntask = "a/b"\n[networks]\nwidth = 3', "networks.width must be a table"),
        ('name = "x"\ntask = "a/b"\n[schedule]\nstep = 3', "steps"),
        ('name = "x"\ntask = "a/b"\n[schedule]\nsteps = "many"', "whole number"),
    ],
)
def test_a_wrong_recipe_says_what_is_wrong(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "wrong.toml").write_text(text)
    with pytest.raises(RecipeError) as caught:
        read_recipe(tmp_path / "wrong.toml").resolve()
    assert words in str(caught.value)


def test_a_missing_file_is_a_recipe_error(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="no recipe file"):
        read_recipe(tmp_path / "none.toml")


def test_a_recipe_of_an_unknown_plugin_is_a_recipe_error() -> None:
    with pytest.raises(RecipeError, match="no plugin 'nobodyhasthis'"):
        read_recipe("nobodyhasthis/stage1")


def test_a_recipe_is_found_by_name_in_its_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "s2pzoo_acmetrain"
    (package / "recipes").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "plugin.py").write_text("")
    (package / "recipes" / "small.toml").write_text(TEXT)
    info = tmp_path / "s2pzoo_acmetrain-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: s2pzoo-acmetrain\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[s2pzoo]\nacmetrain = s2pzoo_acmetrain.plugin\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    default_registry.cache_clear()
    try:
        assert read_recipe("acmetrain/small").name == "small"
        with pytest.raises(RecipeError, match="'acmetrain/small'"):
            read_recipe("acmetrain/smal")
    finally:
        default_registry.cache_clear()


def test_changes_are_told_in_words() -> None:
    old = {"seed": 1, "schedule": {"batch": 4, "lr": 1.0}}
    new = {"seed": 1, "schedule": {"batch": 8, "lr": 1.0}, "name": "x"}
    assert changes(old, new) == ["schedule.batch: 4 -> 8", "name: None -> 'x'"]
