"""The graph on paper: fit, order, what is needed, adapters, the table."""

from __future__ import annotations

from types import ModuleType

import attrs
import pytest

from s2pzoo.declare import Step
from s2pzoo.errors import PortMismatchError
from s2pzoo.pipeline.adapters import BUILT_IN
from s2pzoo.pipeline.graph import Graph
from s2pzoo.pipeline.wiring import replace


@pytest.fixture
def graph(configs: ModuleType) -> Graph:
    """sketch -> codes -> latent -> photo."""
    return Graph(
        name="a.b",
        size=32,
        steps=(
            Step("enc", "tiny/encoder", config=configs.EncoderConfig(), reads={"image": "sketch"},
                 writes={"latent": "codes"}),
            Step("ref", "tiny/refiner", config=configs.RefinerConfig(), reads={"latent": "codes"}),
            Step("gen", "tiny/generator", config=configs.GeneratorConfig()),
        ),
    )  # fmt: skip


def swapped(graph: Graph, name: str, **changes: object) -> Graph:
    """The graph with fields of one step changed."""
    steps = tuple(attrs.evolve(step, **changes) if step.name == name else step for step in graph.steps)
    return attrs.evolve(graph, steps=steps)


class TestCheck:
    def test_a_chain_that_fits_has_no_misfits(self, graph: Graph) -> None:
        assert graph.check() is graph
        assert list(graph.values) == ["sketch", "codes", "latent", "photo"]

    def test_all_misfits_are_told_at_once(self, graph: Graph, configs: ModuleType) -> None:
        wrong = swapped(graph, "ref", config=configs.RefinerConfig(dim=3))
        with pytest.raises(PortMismatchError) as caught:
            attrs.evolve(wrong, size=64).check()
        where = [misfit.split(":")[0] for misfit in caught.value.misfits]
        assert where == ["the input -> enc", "enc -> ref", "ref -> gen"]

    def test_order_matters(self, graph: Graph) -> None:
        (misfit,) = attrs.evolve(graph, steps=(graph.steps[1], graph.steps[0], graph.steps[2])).misfits()
        assert misfit == "ref reads 'codes', which only the later step 'enc' gives"

    def test_a_value_is_written_once(self, graph: Graph) -> None:
        assert any("already gives" in misfit for misfit in swapped(graph, "ref", writes={"latent": "codes"}).misfits())

    def test_missing_ends_are_told(self, graph: Graph) -> None:
        misfits = attrs.evolve(graph, input="edge", output="mask").misfits()
        assert "no step reads the input 'edge'" in misfits and "no step gives the output 'mask'" in misfits


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
        self, graph: Graph, given: list[str], wanted: list[str], names: list[str]
    ) -> None:
        assert [step.name for step in graph.needed(given, wanted)] == names


class TestAdapters:
    def test_a_lossless_one_is_put_in_and_shown(self, graph: Graph, configs: ModuleType) -> None:
        gray = swapped(graph, "enc", config=configs.EncoderConfig(kind="gray"))
        fitted = gray.adapted(BUILT_IN.values()).check()
        assert fitted.steps[0].component == "s2pzoo/gray-from-sketch"
        assert "put in, lossless" in fitted.explain()
        assert fitted.adapted(BUILT_IN.values()).steps == fitted.steps

    def test_sketch_and_edge_need_none(self, graph: Graph, configs: ModuleType) -> None:
        edge = swapped(graph, "enc", config=configs.EncoderConfig(kind="edge"))
        assert edge.adapted(BUILT_IN.values()).check().steps == edge.steps

    def test_one_value_is_adapted_once_for_two_readers(self, graph: Graph, configs: ModuleType) -> None:
        config = configs.EncoderConfig(kind="photo")
        step = Step("a", "tiny/encoder", config=config, reads={"image": "sketch"}, writes={"latent": "a"})
        a, b = step, attrs.evolve(step, name="b", writes={"latent": "b"})
        fitted = attrs.evolve(graph, steps=(a, b), output="b").adapted(BUILT_IN.values()).check()
        assert len(fitted.steps) == 3

    def test_a_lossy_one_is_named_and_not_used(self, graph: Graph, configs: ModuleType) -> None:
        tail = Step("again", "tiny/encoder", config=configs.EncoderConfig(kind="gray"), reads={"image": "photo"},
                    writes={"latent": "more"})  # fmt: skip
        longer = attrs.evolve(graph, steps=(*graph.steps, tail), output="more").adapted(BUILT_IN.values())
        with pytest.raises(PortMismatchError, match="s2pzoo/gray-from-photo"):
            longer.check(BUILT_IN.values())


class TestReplace:
    def test_ports_follow_their_kinds(self, graph: Graph, configs: ModuleType) -> None:
        other = Step("x", "tiny/encoder", config=configs.EncoderConfig())
        new = replace(graph, "enc", other).check()
        assert new.steps[0].inputs == {"image": "sketch"} and new.steps[0].outputs == {"latent": "codes"}

    def test_a_part_that_gives_something_else_is_refused(self, graph: Graph, configs: ModuleType) -> None:
        other = Step("x", "tiny/generator", config=configs.GeneratorConfig(kind="sketch"))
        with pytest.raises(PortMismatchError, match="gives no 'photo'"):
            replace(graph, "gen", other)


def test_explain_is_a_table_with_shapes(graph: Graph) -> None:
    lines = graph.explain().splitlines()
    assert lines[0] == "a.b" and lines[-1] == "output: photo"
    assert "codes: latent (N,8)" in lines[2] and "reads sketch" in lines[2]
