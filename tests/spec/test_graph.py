"""A model on paper: fit, order, what is needed, adapters, the table."""

from __future__ import annotations

from types import ModuleType

import attrs
import pytest

from s2pzoo.errors import PortMismatchError
from s2pzoo.spec.adapters import ADAPTERS
from s2pzoo.spec.graph import adapted, check, explain, misfits, needed
from s2pzoo.spec.model import Model, Step
from s2pzoo.spec.wiring import replace

pytestmark = pytest.mark.usefixtures("tiny_surroundings")


@pytest.fixture
def model(configs: ModuleType) -> Model:
    """sketch -> codes -> latent -> photo."""
    return Model(
        "a.b",
        size=32,
        steps=(
            Step("enc", configs.EncoderConfig(), reads={"image": "sketch"},
                 writes={"latent": "codes"}),
            Step("ref", configs.RefinerConfig(), reads={"latent": "codes"}),
            Step("gen", configs.GeneratorConfig()),
        ),
    )  # fmt: skip


def swapped(model: Model, name: str, **changes: object) -> Model:
    """The model with fields of one step changed."""
    steps = tuple(attrs.evolve(step, **changes) if step.name == name else step for step in model.steps)
    return attrs.evolve(model, steps=steps)


class TestCheck:
    def test_a_chain_that_fits_has_no_misfits(self, model: Model) -> None:
        assert check(model) is model
        assert list(model.values) == ["sketch", "codes", "latent", "photo"]

    def test_all_misfits_are_told_at_once(self, model: Model, configs: ModuleType) -> None:
        wrong = swapped(model, "ref", config=configs.RefinerConfig(dim=3))
        with pytest.raises(PortMismatchError) as caught:
            check(attrs.evolve(wrong, size=64))
        where = [misfit.split(":")[0] for misfit in caught.value.misfits]
        assert where == ["the input -> enc", "enc -> ref", "ref -> gen"]

    def test_order_matters(self, model: Model) -> None:
        (misfit,) = misfits(attrs.evolve(model, steps=(model.steps[1], model.steps[0], model.steps[2])))
        assert misfit == "ref reads 'codes', which only the later step 'enc' gives"

    def test_a_value_is_written_once(self, model: Model) -> None:
        assert any("already gives" in misfit for misfit in misfits(swapped(model, "ref", writes={"latent": "codes"})))

    def test_missing_ends_are_told(self, model: Model) -> None:
        assert "no step reads the input 'edge'" in misfits(attrs.evolve(model, input="edge"))


class TestNeeded:
    @pytest.mark.parametrize(
        ("given", "wanted", "names"),
        [
            (["sketch"], ["photo"], ["enc", "ref", "gen"]),
            (["sketch"], ["codes"], ["enc"]),
            (["latent"], ["photo"], ["gen"]),
            (["sketch", "latent"], ["photo", "codes"], ["enc", "gen"]),
            (["photo"], ["photo"], []),
        ],
    )
    def test_the_least_that_gives_what_is_wanted(
        self, model: Model, given: list[str], wanted: list[str], names: list[str]
    ) -> None:
        assert [step.name for step in needed(model, given, wanted)] == names


class TestAdapters:
    def test_a_lossless_one_is_put_in_and_shown(self, model: Model, configs: ModuleType) -> None:
        gray = swapped(model, "enc", config=configs.EncoderConfig(kind="gray"))
        fitted = check(adapted(gray, ADAPTERS))
        assert fitted.steps[0].component == "s2pzoo/gray-from-sketch"
        assert "put in, lossless" in explain(fitted)
        assert adapted(fitted, ADAPTERS).steps == fitted.steps

    def test_sketch_and_edge_need_none(self, model: Model, configs: ModuleType) -> None:
        edge = swapped(model, "enc", config=configs.EncoderConfig(kind="edge"))
        assert check(adapted(edge, ADAPTERS)).steps == edge.steps

    def test_one_value_is_adapted_once_for_two_readers(self, model: Model, configs: ModuleType) -> None:
        config = configs.EncoderConfig(kind="photo")
        step = Step("a", config, reads={"image": "sketch"}, writes={"latent": "a"})
        a, b = attrs.evolve(step, side=True), attrs.evolve(step, name="b", writes={"latent": "b"})
        fitted = check(adapted(attrs.evolve(model, steps=(a, b), output="b"), ADAPTERS))
        assert len(fitted.steps) == 3

    def test_a_lossy_one_is_named_and_not_used(self, model: Model, configs: ModuleType) -> None:
        tail = Step("again", configs.EncoderConfig(kind="gray"), reads={"image": "photo"},
                    writes={"latent": "more"})  # fmt: skip
        longer = adapted(attrs.evolve(model, steps=(*model.steps, tail), output="more"), ADAPTERS)
        with pytest.raises(PortMismatchError, match="s2pzoo/gray-from-photo") as told:
            check(longer, ADAPTERS)
        assert "s2pzoo/resize" not in str(told.value)

    def test_where_the_size_is_another_too_both_are_named(self, model: Model, configs: ModuleType) -> None:
        tail = Step("again", configs.EncoderConfig(kind="gray", size=16), reads={"image": "photo"},
                    writes={"latent": "more"})  # fmt: skip
        longer = adapted(attrs.evolve(model, steps=(*model.steps, tail), output="more"), ADAPTERS)
        with pytest.raises(PortMismatchError, match=r"gray-from-photo(?s:.)*and s2pzoo/resize, would make 'photo' fit"):
            check(longer, ADAPTERS)


class TestReplace:
    def test_ports_follow_their_kinds(self, model: Model, configs: ModuleType) -> None:
        other = Step("x", configs.EncoderConfig())
        new = check(replace(model, "enc", other))
        assert new.steps[0].inputs == {"image": "sketch"} and new.steps[0].outputs == {"latent": "codes"}

    def test_a_part_that_gives_something_else_is_refused(self, model: Model, configs: ModuleType) -> None:
        other = Step("x", configs.GeneratorConfig(kind="sketch"))
        with pytest.raises(PortMismatchError, match="gives no 'photo'"):
            replace(model, "gen", other)


def test_explain_is_a_table_with_shapes(model: Model) -> None:
    lines = explain(model).splitlines()
    assert lines[0] == "a.b" and lines[-1] == "output: photo"
    assert "codes: latent (N,8)" in lines[2] and "reads sketch" in lines[2]
