from __future__ import annotations

from pathlib import Path

import pytest
from attrs import frozen

from s2pzoo.errors import RecipeError
from s2pzoo.host.registry import default_registry
from s2pzoo.spec.fields import knob, overridden
from s2pzoo.train.recipe import Recipe, Schedule, changes, preset, read_recipe

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
[weights]
l1 = 10.0
[schedule]
batch = 2
"""


@frozen(kw_only=True)
class Data:
    size: int = knob(32, low=1)


@frozen(kw_only=True)
class Net:
    width: int = knob(4, low=1)


@frozen(kw_only=True)
class Networks:
    generator: Net = Net()
    discriminator: Net = Net()


@frozen(kw_only=True)
class Weights:
    l1: float = knob(1.0, low=0)
    gan: float = knob(2.0, low=0)


@frozen(kw_only=True)
class FitRecipe(Recipe):
    data: Data = Data()
    networks: Networks = Networks()
    weights: Weights = Weights()


class Fit:
    Recipe = FitRecipe


def of(folder: Path, text: str) -> FitRecipe:
    (folder / "small.toml").write_text(text)
    return read_recipe(folder / "small.toml", task=Fit)


@pytest.fixture
def recipe(tmp_path: Path) -> FitRecipe:
    return of(tmp_path, TEXT)


def changed(recipe: FitRecipe, *texts: str) -> FitRecipe:
    return overridden(recipe, texts, error=RecipeError)


def test_what_is_not_given_has_its_default_and_what_is_given_stays(recipe: FitRecipe) -> None:
    assert (recipe.networks.generator.width, recipe.schedule.batch, recipe.seed) == (16, 2, 3)
    assert (recipe.weights.l1, recipe.weights.gan, recipe.schedule.steps) == (10.0, 2.0, Schedule().steps)


def test_a_recipe_survives_plain_data(recipe: FitRecipe) -> None:
    told = recipe.to_dict()
    assert told["schedule"]["betas"] == [0.9, 0.999] or told["schedule"]["betas"] == (0.9, 0.999)
    assert told["networks"]["generator"] == {"width": 16}


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("schedule.batch=4", "schedule.batch", 4),
        ("batch = 4", "schedule.batch", 4),
        ("l1=3", "weights.l1", 3),
        ("lr=1e-3", "schedule.lr", 1e-3),
        ("betas=[0.5, 0.99]", "schedule.betas", (0.5, 0.99)),
        ("decay=cosine", "schedule.decay", "cosine"),
        ('decay="linear"', "schedule.decay", "linear"),
        ("precision=bf16-mixed", "schedule.precision", "bf16-mixed"),
        ("networks.generator.width=32", "networks.generator.width", 32),
        ("seed=9", "seed", 9),
    ],
)
def test_an_override_replaces_one_value(recipe: FitRecipe, text: str, path: str, value: object) -> None:
    found = changed(recipe, text)
    for name in path.split("."):
        found = getattr(found, name)
    assert found == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("bach=4", "batch"),
        ("schedule.bach=4", "batch"),
        ("width=4", "networks.generator.width"),
        ("batch", "not an override"),
        ("batch=many", "number"),
        ("batch=2.5", "whole number"),
        ("lr=true", "number"),
        ("batch=0", "1"),
        ("ema=1", "ema"),
        ("decay=sine", "none, linear, cosine"),
        ("betas=[1,", "TOML"),
        ("schedule=1", "schedule"),
    ],
)
def test_a_wrong_override_says_what_to_write(recipe: FitRecipe, text: str, words: str) -> None:
    with pytest.raises(RecipeError) as caught:
        changed(recipe, text)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name = ", "not TOML"),
        ('task = "a/b"', "name"),
        ('name = "x"', "task"),
        ('name = "x"\ntask = "a/b"\nweigths = 1', "weights"),
        ('name = "x"\ntask = "a/b"\nweights = 1', "wanted a table"),
        ('name = "x"\ntask = "a/b"\nseed = "one"', "number"),
        ('name = "x"\ntask = "a/b"\n[networks]\nwidth = 3', "width"),
        ('name = "x"\ntask = "a/b"\n[networks.generator]\nwidths = 3', "width"),
        ('name = "x"\ntask = "a/b"\n[losses]\nl1 = 3', "unknown field losses"),
        ('name = "x"\ntask = "a/b"\n[schedule]\nstep = 3', "steps"),
        ('name = "x"\ntask = "a/b"\n[schedule]\nsteps = "many"', "number"),
    ],
)
def test_a_wrong_recipe_says_what_is_wrong(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(RecipeError) as caught:
        of(tmp_path, text)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('losses.gan_kind = "lsgan"', "losses.gan_kind: it is losses.adversarial"),
        ('losses.pseudo_kind = "l1"', "losses.pseudo_kind: it is losses.pixel"),
        ("losses.ss_mode = 'add'", "losses.ss_mode: it is rules.ss_mode"),
        ("losses.perceptual = 3.0", "under [weights]"),
        ("loss.pseudo = 1", "did you mean 'losses'"),
        ("lambdas.pseudo = 1", "lambdas.pseudo: it is weights.pseudo"),
    ],
)
def test_an_old_spelling_is_told_with_the_new_one(tmp_path: Path, line: str, told: str) -> None:
    (tmp_path / "old.toml").write_text(f'name = "old"\ntask = "ups/stage1"\n{line}\n')
    with pytest.raises(RecipeError) as caught:
        read_recipe(tmp_path / "old.toml")
    assert told in str(caught.value)


def test_a_misspelt_preset_is_told_with_the_nearest() -> None:
    with pytest.raises(RecipeError, match="Did you mean 'light128'"):
        preset({"light128": 1, "paper128": 2}, "light12")


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
    (package / "plugin.py").write_text("S2PZOO_API = 2")
    (package / "recipes" / "small.toml").write_text(TEXT)
    info = tmp_path / "s2pzoo_acmetrain-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: s2pzoo-acmetrain\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[s2pzoo]\nacmetrain = s2pzoo_acmetrain.plugin\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    default_registry.cache_clear()
    try:
        assert read_recipe("acmetrain/small", task=Fit).name == "small"
        with pytest.raises(RecipeError, match="'acmetrain/small'"):
            read_recipe("acmetrain/smal")
    finally:
        default_registry.cache_clear()


def test_changes_are_told_in_words() -> None:
    old = {"seed": 1, "schedule": {"batch": 4, "lr": 1.0}}
    new = {"seed": 1, "schedule": {"batch": 8, "lr": 1.0}, "name": "x"}
    assert changes(old, new) == ["schedule.batch: 4 -> 8", "name: None -> 'x'"]
