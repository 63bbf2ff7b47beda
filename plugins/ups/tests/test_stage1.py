"""Training of T and T', on a collection of painted objects."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from attrs import evolve
from PIL import Image
from s2pzoo_ups.config import SHAPES, TranslatorConfig
from s2pzoo_ups.shape import ShapeTranslator, Stage1, Stage1Recipe, laid, median_tone, opened, tone_of
from torch import Tensor

import s2pzoo
from s2pzoo.errors import DataError, RecipeError
from s2pzoo.losses.perceptual import Perceptual
from s2pzoo.nn.colour import luma
from s2pzoo.nn.conditional import ConditionalNorm2d
from s2pzoo.pipeline.golden import largest_errors
from s2pzoo.spec.core import PerceptualConfig
from s2pzoo.spec.fields import overridden
from s2pzoo.train.loop import TrainResult, train
from s2pzoo.train.recipe import recipe_of
from s2pzoo.train.unpaired import to_tensor
from s2pzoo.weights.bundle import read_bundle

RECIPE = recipe_of(Stage1Recipe, {"name": "small", "task": "ups/stage1", "seed": 1})
SMALL = (
    "data.collection=objects", "data.size=32", "data.load=36", "data.patch=16", "schedule.batch=2",
    "networks.translator.preset=small", "networks.critic.base=2", "networks.critic.widest=4", "accelerator=cpu",
)  # fmt: skip
NOISY = ("data.noise_complex=0.5", "data.noise_distractive=0.5")


def make(data: Path, *overrides: str) -> Stage1:
    """A new task whose untrained networks tell drawings apart."""
    task = Stage1(recipe=overridden(RECIPE, (*SMALL, *overrides), error=RecipeError), data=data)
    with torch.no_grad():
        for name in task.ema:
            for parameter in task.networks[name].parameters():
                parameter *= 10
    return task


def batch_of(task: Stage1) -> dict[str, Tensor]:
    return next(task.batches(start=0))


def terms_of(task: Stage1, batch: dict[str, Tensor], index: int = 0) -> tuple[dict[str, float], dict[str, Tensor]]:
    """The terms but the adversarial ones as numbers, and the fakes."""
    with torch.no_grad():
        terms, fakes = task.objective(batch, luma(batch["photo"]), index)
    return {name: term.item() for name, term in terms.items()}, fakes


def t(task: Stage1, sketch: Tensor, *, attend: bool = True) -> Tensor:
    with torch.no_grad():
        made = task.networks["translator"](sketch=sketch, attend=attend)
    return made["gray"] if isinstance(made, dict) else made


def back(task: Stage1, gray: Tensor) -> Tensor:
    with torch.no_grad():
        return task.networks["sketcher"](gray=gray)


def l1(one: Tensor, other: Tensor) -> float:
    return (one - other).abs().mean().item()


# Batches


def test_a_batch_has_sketches_with_noise_and_the_noise(data: Path) -> None:
    batch = batch_of(make(data, *NOISY))
    assert set(batch) == {"sketch", "photo", "noised", "noise"}
    assert torch.equal(batch["noised"], torch.minimum(batch["sketch"], batch["noise"]))
    assert all((noise < 1).any() for noise in batch["noise"])


def test_the_composition_is_that_of_the_recipe(data: Path) -> None:
    batch = batch_of(make(data, *NOISY, "data.compose=product_legacy"))
    product = (2 * batch["sketch"] - 1) * (2 * batch["noise"] - 1) / 2 + 0.5
    assert torch.allclose(batch["noised"], product, atol=0.5 / 255 + 1e-6)
    assert not torch.allclose(batch["noised"], torch.minimum(batch["sketch"], batch["noise"]), atol=0.1)


def test_noise_can_be_switched_off(data: Path) -> None:
    task = make(data, "rules.ss_mode=off")
    assert task.phi is None and set(batch_of(task)) == {"sketch", "photo"}


def test_line_drawings_of_the_photos_come_with_them_where_they_are_wanted(data: Path) -> None:
    batch = batch_of(make(data, "weights.pseudo=1", "rules.ss_mode=off"))
    assert set(batch) == {"sketch", "photo", "pseudo"}
    assert batch["pseudo"].shape == (2, 1, 32, 32) and batch["pseudo"].min() < 0.9 and batch["pseudo"].max() == 1


def test_sketches_without_dense_strokes_are_refused_unless_no_noise_is_wanted(tmp_path: Path) -> None:
    for what, mode in (("photo", "RGB"), ("sketch", "L")):
        (tmp_path / "objects" / what).mkdir(parents=True)
        for name in ("a", "b", "c", "d"):
            picture = Image.new(mode, (36, 36), "white")
            picture.paste(0, (8, 8, 28, 9))
            picture.save(tmp_path / "objects" / what / f"{name}.png")
    held_out = {"test": ["c", "d"]}
    (tmp_path / "objects" / "split.json").write_text(json.dumps({"photo": held_out, "sketch": held_out}))
    with pytest.raises(DataError, match="no dense strokes"):
        make(tmp_path)
    assert make(tmp_path, "rules.ss_mode=off").phi is None
    assert make(tmp_path, "data.noise_complex=0").phi is not None


# Loss terms


def test_the_critics_judge_gray_photos_and_clean_sketches(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task, judged = make(data, *NOISY), {}
    monkeypatch.setattr(task.gan, "judge", lambda *_, condition, **pairs: judged.update(pairs) or torch.tensor(0.0))
    batch = batch_of(task)
    task.step(batch, 0, torch.Tensor.backward)
    red, green, blue = batch["photo"].unbind(1)
    assert torch.allclose(judged["gray"][0][:, 0], 0.299 * red + 0.587 * green + 0.114 * blue, atol=1e-6)
    assert judged["sketch"][0] is batch["sketch"]


def test_replace_goes_from_the_noised_sketch_back_to_the_clean_one(data: Path) -> None:
    task = make(data, *NOISY, "rules.ss_mode=replace", "weights.identity=0")
    batch = batch_of(task)
    sketch, gray = batch["sketch"], luma(batch["photo"])
    made, drawn = t(task, batch["noised"]), back(task, gray)
    terms, fakes = terms_of(task, batch)
    cycle = l1(back(task, made), sketch) + l1(t(task, drawn, attend=False), gray)
    assert terms == pytest.approx({"cycle": cycle}, rel=1e-5)
    assert torch.allclose(fakes["gray"], made) and torch.allclose(fakes["sketch"], drawn)
    assert abs(l1(back(task, made), sketch) - l1(back(task, t(task, sketch)), sketch)) > 1e-4


def test_add_has_the_cycle_of_the_clean_sketch_and_that_of_the_noised_one_beside_it(data: Path) -> None:
    task = make(data, *NOISY, "rules.ss_mode=add", "weights.identity=0")
    batch = batch_of(task)
    sketch, gray = batch["sketch"], luma(batch["photo"])
    made, drawn = t(task, sketch), back(task, gray)
    terms, fakes = terms_of(task, batch)
    cycle = l1(back(task, made), sketch) + l1(t(task, drawn, attend=False), gray)
    assert terms == pytest.approx({"cycle": cycle, "ss": l1(back(task, t(task, batch["noised"])), sketch)}, rel=1e-5)
    assert torch.allclose(fakes["gray"], made) and torch.allclose(fakes["sketch"], drawn)


def test_off_has_the_cycles_alone(data: Path) -> None:
    task = make(data, "rules.ss_mode=off", "weights.identity=0")
    batch = batch_of(task)
    sketch, gray = batch["sketch"], luma(batch["photo"])
    cycle = l1(back(task, t(task, sketch)), sketch) + l1(t(task, back(task, gray), attend=False), gray)
    assert terms_of(task, batch)[0] == pytest.approx({"cycle": cycle}, rel=1e-5)


def test_identity_leaves_grays_gray_and_sketches_sketches(data: Path) -> None:
    task = make(data)
    batch = batch_of(task)
    sketch, gray = batch["sketch"], luma(batch["photo"])
    terms, _ = terms_of(task, batch)
    assert terms["identity"] == pytest.approx(l1(t(task, gray, attend=False), gray) + l1(back(task, sketch), sketch))


def test_the_sketcher_may_learn_to_read_lines_that_lie_over_gray(data: Path) -> None:
    task = make(data, "rules.ss_mode=off", "weights.literal=2")
    batch = batch_of(task)
    sketch = batch["sketch"]
    wanted = l1(back(task, laid(t(task, sketch), sketch)), sketch)
    assert terms_of(task, batch)[0]["literal"] == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("mode", ["replace", "add", "off"])
def test_the_attention_is_told_where_noise_was_added(data: Path, mode: str) -> None:
    task = make(data, *NOISY, f"rules.ss_mode={mode}", "weights.attention=1")
    batch = batch_of(task)
    with torch.no_grad():
        a = task.networks["translator"](sketch=batch["noised"])["attention"]
    ink = (1 - batch["noise"]).reshape(2, 1, 8, 4, 8, 4).mean((3, 5))
    wanted = (ink > 0.02).float()
    assert 0 < wanted.mean() < 1
    entropy = -(wanted * a.log() + (1 - wanted) * (1 - a).log()).mean()
    assert terms_of(task, batch)[0]["attention"] == pytest.approx(entropy.item(), rel=1e-5)


@pytest.mark.parametrize("setting", ["networks.translator.attention=off", "weights.attention=0"])
def test_there_is_nothing_to_tell_without_attention_or_weight(data: Path, setting: str) -> None:
    task = make(data, "weights.attention=1", setting)
    assert "attention" not in terms_of(task, batch_of(task))[0]


def test_a_photo_is_learnt_from_its_own_line_drawing(data: Path, backbone: Path) -> None:
    given = ("weights.pseudo=1", "weights.pseudo_perceptual=1", f"losses.perceptual.backbone={backbone}")
    task = make(data, *given)
    batch = batch_of(task)
    gray, made = luma(batch["photo"]), t(task, batch["pseudo"])
    terms, fakes = terms_of(task, batch)
    assert terms["pseudo"] == pytest.approx(l1(made, gray))
    like = Perceptual(PerceptualConfig(backbone=str(backbone)))(fake=made, real=gray)["perceptual"]
    assert terms["pseudo_perceptual"] == pytest.approx(like.item(), rel=1e-5)
    assert torch.allclose(fakes["gray"], torch.cat([t(task, batch["noised"]), made]))
    assert fakes["sketch"].shape == (2, 1, 32, 32)


def test_at_first_there_may_be_line_drawings_of_photos_alone(data: Path) -> None:
    task = make(data, "weights.pseudo=1", "rules.unpaired_start=0.5", "schedule.steps=10")
    batch = batch_of(task)
    early, fakes = terms_of(task, batch, 4)
    assert set(early) == {"pseudo"} and set(fakes) == {"gray"} and len(fakes["gray"]) == 2
    assert set(task.step(batch, 4, torch.Tensor.backward)) == {"pseudo", "gan", "critics"}
    late, fakes = terms_of(task, batch, 5)
    assert set(late) == {"pseudo", "cycle", "identity"} and len(fakes["gray"]) == 4
    assert set(task.step(batch, 5, torch.Tensor.backward)) == {*late, "gan", "critics"}


def test_a_photo_may_be_learnt_by_square_errors(data: Path) -> None:
    task = make(data, "weights.pseudo=1", "losses.pixel=core/mse")
    batch = batch_of(task)
    error = (t(task, batch["pseudo"]) - luma(batch["photo"])).square().mean()
    assert terms_of(task, batch)[0]["pseudo"] == pytest.approx(error.item(), rel=1e-5)


def test_the_unpaired_losses_may_be_left_to_every_other_step(data: Path) -> None:
    given = ("weights.pseudo=1", "rules.unpaired_start=0.3", "rules.unpaired_every=2", "schedule.steps=10")
    task = make(data, *given)
    batch = batch_of(task)
    assert ["cycle" in terms_of(task, batch, index)[0] for index in range(7)] == [False] * 4 + [True, False, True]


def test_a_gray_made_of_a_line_drawing_has_to_look_like_its_photo_to_the_critic(data: Path) -> None:
    task = make(data, "weights.pseudo=1", "weights.pseudo_matching=1")
    batch = batch_of(task)
    with torch.no_grad():
        seen = [
            task.networks["gray_critic"](picture=gray)[0][1]
            for gray in (t(task, batch["pseudo"]), luma(batch["photo"]))
        ]
    apart = [l1(made, true) for made, true in zip(*seen, strict=True)]
    assert len(apart) == 4
    assert terms_of(task, batch)[0]["pseudo_matching"] == pytest.approx(sum(apart) / 4, rel=1e-5)


def test_the_critic_learns_nothing_from_what_is_compared_by_it(data: Path) -> None:
    task = make(data, "weights.pseudo=1", "weights.pseudo_matching=1")
    batch = batch_of(task)
    terms, _ = task.objective(batch, luma(batch["photo"]), 0)
    terms["pseudo_matching"].backward()
    assert all(parameter.grad is None for parameter in task.networks["gray_critic"].parameters())
    assert all(parameter.grad is not None for parameter in task.networks["translator"].parameters())
    assert {"critics", "pseudo_matching"} <= set(task.step(batch, 0, torch.Tensor.backward))
    assert all(parameter.grad is not None for parameter in task.networks["gray_critic"].parameters())


def test_the_recipe_weighs_every_term(data: Path, backbone: Path) -> None:
    weights = {
        "gan": 0.5,
        "cycle": 7.0,
        "identity": 3.0,
        "ss": 2.0,
        "attention": 4.0,
        "pseudo": 5.0,
        "pseudo_perceptual": 6.0,
        "pseudo_matching": 8.0,
    }
    given = [f"weights.{name}={weight}" for name, weight in weights.items()]
    task = make(data, *NOISY, "rules.ss_mode=add", f"losses.perceptual.backbone={backbone}", *given)
    batch, totals = batch_of(task), []

    def backward(loss: Tensor) -> None:
        totals.append(loss.item())
        loss.backward()

    losses = task.step(batch, 0, backward)
    critics = losses.pop("critics")
    assert set(losses) == set(weights)
    assert totals == pytest.approx([sum(weights[name] * value for name, value in losses.items()), critics], rel=1e-5)


def test_the_cycles_teach_both_networks(data: Path) -> None:
    task = make(data, "rules.ss_mode=off", "weights.gan=0", "weights.identity=0")
    before = {name: [p.clone() for p in task.networks[name].parameters()] for name in task.ema}
    task.step(batch_of(task), 0, torch.Tensor.backward)
    for name in ("translator", "sketcher"):
        head, old = list(task.networks[name].parameters())[-2:], before[name][-2:]
        assert not any(torch.equal(new, was) for new, was in zip(head, old, strict=True))


def test_the_sketcher_may_learn_alone(data: Path) -> None:
    task = make(data, *NOISY, "networks.translator.trained=false", "weights.gan=0", "weights.identity=0")
    before = {name: [p.clone() for p in task.networks[name].parameters()] for name in task.ema}
    task.step(batch_of(task), 0, torch.Tensor.backward)
    still = {
        name: all(torch.equal(new, was) for new, was in zip(task.networks[name].parameters(), old, strict=True))
        for name, old in before.items()
    }
    assert still == {"translator": True, "sketcher": False}


# Networks


def test_the_networks_are_those_of_the_recipe(data: Path) -> None:
    task = make(data, "networks.translator.attention=legacy_rows")
    assert set(task.networks) == {"translator", "sketcher", "gray_critic", "sketch_critic"}
    assert task.ema == ("translator", "sketcher")
    there, back_ = task.networks["translator"], task.networks["sketcher"]
    assert isinstance(there, ShapeTranslator) and isinstance(there.config, TranslatorConfig)
    assert isinstance(back_, ShapeTranslator)
    assert there.config.attention == "legacy_rows" and there.config.size == 32
    assert back_.config == there.config.back()


def test_the_defaults_are_the_papers() -> None:
    data, weights, rules = RECIPE.data, RECIPE.weights, RECIPE.rules
    assert (data.noise_complex, data.noise_distractive, data.patch) == (0.2, 0.3, 50)
    assert (data.size, data.load, data.mirror, data.smallest) == (128, 140, 0.5, 1.0)
    assert (weights.gan, weights.cycle, weights.identity, rules.pool) == (1, 10, 5, 50)
    assert (rules.ss_mode, weights.ss) == ("replace", 10)
    assert (weights.attention, weights.pseudo, weights.pseudo_perceptual, weights.pseudo_matching) == (0, 0, 0, 0)
    assert (rules.unpaired_start, rules.unpaired_every) == (0, 1)
    assert RECIPE.networks.start.bundle == ""
    assert RECIPE.networks.critic.config == {"base": 64, "widest": 512}


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("networks.translator.preset=paper", "no preset 'paper'"),
        ("networks.translator.attention=rows", "networks.translator.attention cannot be 'rows'"),
        ("rules.ss_mode=both", "rules.ss_mode cannot be 'both'"),
        ("weights.pseudo=-1", "weights.pseudo cannot be -1"),
        ("data.compose=max", "data.compose cannot be 'max'"),
        ("data.noise_complex=0.9", "cannot be"),
        ("rules.unpaired_start=0.5", "leave nothing to learn from"),
        ("rules.unpaired_every=2", "leave nothing to learn from"),
        ("rules.unpaired_every=0", "rules.unpaired_every cannot be 0"),
    ],
)
def test_a_recipe_that_cannot_be_followed_is_told(data: Path, override: str, told: str) -> None:
    with pytest.raises(RecipeError, match=told) as caught:
        make(data, override)
    assert caught.value.why or caught.value.fix


# Training


EVERYTHING = (
    *NOISY, "rules.ss_mode=add", "weights.attention=1", "weights.pseudo=1", "rules.pool=3", "schedule.steps=4",
    "schedule.ema=0.5", "log_every=1",
)  # fmt: skip


def run(data: Path, out: Path, *overrides: str, task: type[Stage1] = Stage1, resume: bool = False) -> TrainResult:
    given = (*SMALL, *overrides)
    return train(RECIPE, data, out, overrides=given, progress=False, task=task, resume=resume)


@pytest.fixture(scope="module")
def whole(data: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainResult:
    """A training of four steps with every term but the perceptual one."""
    return run(data, tmp_path_factory.mktemp("whole") / "run", *EVERYTHING)


def test_a_training_logs_every_term_and_leaves_sheets(whole: TrainResult) -> None:
    assert (whole.reason, whole.step) == ("finished", 4)
    lines = [json.loads(line)["losses"] for line in (whole.out / "metrics.jsonl").read_text().splitlines()]
    assert len(lines) == 4
    for losses in lines:
        assert set(losses) == {"cycle", "ss", "identity", "attention", "pseudo", "gan", "critics"}
        assert all(np.isfinite(value) and value > 0 for value in losses.values())
    width, height = Image.open(whole.out / "samples" / "latest.png").size
    assert 6 * 128 < width < 7 * 128 and height > 10 * 128


def test_a_training_that_was_stopped_ends_as_one_that_was_not(whole: TrainResult, data: Path, tmp_path: Path) -> None:
    class Stops(Stage1):
        """Presses Ctrl-C in the third step."""

        def step(self, batch: Any, index: int, backward: Any) -> dict[str, float]:
            if index == 2:
                signal.raise_signal(signal.SIGINT)
            return super().step(batch, index, backward)

    first = run(data, tmp_path / "parts", *EVERYTHING, task=Stops)
    assert (first.reason, first.step) == ("interrupted", 3)
    second = run(data, tmp_path / "parts", *EVERYTHING, resume=True)
    assert second.losses == whole.losses
    one, other = ({f.name: f.read_bytes() for f in r.checkpoint.glob("*.safetensors")} for r in (whole, second))
    assert one == other


def test_its_bundle_gives_grays_and_clean_sketches(whole: TrainResult) -> None:
    bundle = read_bundle(whole.out)
    assert [step.name for step in bundle.manifest.steps] == ["translator", "sketcher"]
    pipeline = s2pzoo.load(whole.out)
    sketch = torch.rand(2, 1, 32, 32)
    gray = pipeline(sketch)
    assert gray.shape == (2, 1, 32, 32)
    values = pipeline.run(sketch, keep=True).values
    assert set(values) == {"sketch", "gray", "attention", "clean_sketch"}
    assert max(largest_errors(pipeline, bundle.golden()).values()) < 1e-3


def test_a_network_without_attention_trains_and_is_bundled_too(data: Path, tmp_path: Path) -> None:
    result = run(data, tmp_path / "run", "networks.translator.attention=off", "rules.ss_mode=off", "schedule.steps=1")
    assert set(result.losses) == {"cycle", "identity", "gan", "critics"}
    assert set(s2pzoo.load(result.out).model.values) == {"sketch", "gray", "clean_sketch"}


def test_a_training_goes_on_from_the_networks_of_an_earlier_one(whole: TrainResult, data: Path, tmp_path: Path) -> None:
    start = f"networks.start.bundle={whole.out}"
    task = Stage1(recipe=overridden(RECIPE, (*SMALL, start), error=RecipeError), data=data)
    trained = s2pzoo.load(whole.out).components
    for name in ("translator", "sketcher"):
        for key, value in trained[name].state_dict().items():
            assert torch.equal(task.networks[name].state_dict()[key], value)
    later = run(data, tmp_path / "later", start, "schedule.steps=1")
    told = read_bundle(later.out).manifest.training
    earlier = read_bundle(whole.out).manifest.training
    assert earlier["step"] == 4 and "start" not in earlier
    assert told["step"] == 1
    assert told["start"] == {"step": 4, "images": 8, "seconds": earlier["seconds"]}


# Tone and ground


@pytest.mark.parametrize("shade", [0.2, 0.5, 0.7])
def test_the_tone_of_a_photo_is_the_mean_luma_of_what_is_not_white(shade: float) -> None:
    gray = torch.ones(2, 1, 32, 32)
    gray[:, :, 8:24, 8:20] = shade
    gray[1, :, :, 20:] = 0.96
    assert tone_of(gray).tolist() == pytest.approx([shade, shade])
    assert tone_of(torch.ones(1, 1, 8, 8)).tolist() == [0]


@pytest.mark.parametrize("classes", [(), ("shoes", "bags")])
def test_a_translator_lies_between_its_dark_and_its_light_tables(classes: tuple[str, ...]) -> None:
    T = ShapeTranslator(evolve(SHAPES["small"], toned=True, classes=classes)).eval()
    sketch, category = torch.rand(2, 1, 32, 32).round(), "bags" if classes else None
    norms = [one for one in T.modules() if isinstance(one, ConditionalNorm2d)]
    assert norms and all(len(norm.weight) == 2 * max(1, len(classes)) for norm in norms)

    def made(tone: float | Tensor | None) -> Tensor:
        with torch.no_grad():
            return opened(T(sketch=sketch, tone=tone, category=category))[0]

    assert torch.equal(made(0.2), made(0.8))  # new, it has heard of no tones
    with torch.no_grad():
        for norm in norms:
            norm.bias[-1] = 0.1  # of light bags, or of light things
    dark, light = made(0.2), made(0.8)
    assert not torch.equal(dark, light)
    assert torch.equal(made(torch.tensor([0.2, 0.8])), torch.stack([dark[0], light[1]]))
    assert torch.equal(made(None), made(T.config.tone))


def test_a_tone_is_an_option_of_networks_that_are_told_any() -> None:
    toned = evolve(SHAPES["small"], toned=True)
    assert [field.name for field in toned.options()] == ["faithfulness", "tone"]
    assert [field.name for field in SHAPES["small"].options()] == ["faithfulness"]
    assert toned.back().options() == () and not toned.back().toned


def test_what_nobody_asks_for_is_as_light_as_most_of_the_photos(data: Path) -> None:
    task = make(data, "networks.translator.preset=toned")
    photos = task.data.collection.photos
    tones = tone_of(luma(to_tensor(list(photos))))
    T = task.networks["translator"]
    assert isinstance(T, ShapeTranslator) and T.config.tone == pytest.approx(tones.median().item(), abs=0.005)
    assert median_tone(photos, most=1) == pytest.approx(tones[0].item(), abs=0.005)


def test_t_is_told_the_tones_of_the_photos_that_it_is_compared_with(data: Path) -> None:
    task = make(data, "networks.translator.preset=toned", "weights.pseudo=1")
    told: list[Tensor] = []
    T = task.networks["translator"]
    T.register_forward_pre_hook(lambda _, __, given: told.append(given["tone"]), with_kwargs=True)
    batch = batch_of(task)
    terms_of(task, batch)
    assert len(told) >= 3 and all(torch.equal(one, tone_of(luma(batch["photo"]))) for one in told)


def test_the_ground_far_from_all_lines_should_be_white(data: Path) -> None:
    task = make(data, "weights.ground=1", "weights.tone=1", "rules.ss_mode=off")
    batch = batch_of(task)
    terms, fakes = terms_of(task, batch)
    outside, fake = 1 - batch["enclosed"], fakes["gray"]
    assert 0 < outside.mean() < 1
    assert terms["ground"] == pytest.approx((outside * (1 - fake)).mean().item())
    inside = torch.where(outside == 1, 1.0, fake)
    assert terms["tone"] == pytest.approx((tone_of(inside) - tone_of(luma(batch["photo"]))).abs().mean().item())
    assert "enclosed" not in batch_of(make(data))
