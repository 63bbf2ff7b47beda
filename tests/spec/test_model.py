"""Declarations: a wrong one is refused where it is written, and says which field."""

from typing import Any, ClassVar, cast

import pytest
from attrs import frozen

from s2pzoo.errors import BadOptionError, DeclarationError, UnknownOptionError
from s2pzoo.spec.fields import Field
from s2pzoo.spec.model import AdapterEntry, ComponentEntry, Model, Step, TaskEntry, Weights, check_option
from s2pzoo.spec.ports import Port, Ports


@frozen(kw_only=True)
class Config:
    component: ClassVar = ComponentEntry("acme/net", kind="generator", network="a.b:C")

    size: int = 64
    turned: tuple = ()

    def ports(self) -> Ports:
        return Ports(takes={"sketch": Port("sketch", size=self.size)}, gives={"photo": Port("photo", size=self.size)})

    def options(self) -> tuple:
        return self.turned


@frozen
class Masked(Config):
    def ports(self) -> Ports:
        return Ports(takes={"mask": Port("mask")}, gives={"photo": Port("photo")})


@frozen
class NoPorts:
    pass


@frozen
class WrongPorts(Config):
    def ports(self) -> dict:
        return {}


def step(name: str = "net", config=None, options=(), **more) -> Step:
    return Step(name, Config(turned=tuple(options)) if config is None else config, **more)


def component(**more) -> ComponentEntry:
    return ComponentEntry(**{"name": "acme/net", "kind": "generator", "network": "a.b:C", **more})


BAD = {
    "component without slash": (lambda: component(name="acme"), "name"),
    "component kind": (lambda: component(kind="transformer"), "kind"),
    "network as class": (lambda: component(network=Config), "network"),
    "network without class": (lambda: component(network="a.b"), "network"),
    "network as path": (lambda: component(network="a/b.py:C"), "network"),
    "network with newline": (lambda: component(network="a:D\n"), "network"),
    "summary": (lambda: component(summary=None), "summary"),
    "step name": (lambda: step("Net"), "name"),
    "step name with dot": (lambda: step("a.b"), "name"),
    "step component": (lambda: Step("net", Config(), component="acme"), "component"),
    "config class, not object": (lambda: step(config=Config), "config"),
    "config dict": (lambda: step(config={}), "config"),
    "config without ports": (lambda: step(config=NoPorts()), "config"),
    "ports of another type": (lambda: step(config=WrongPorts()), "config"),
    "reads an unknown port": (lambda: step(reads={"drawing": "sketch"}), "reads"),
    "writes an unknown port": (lambda: step(writes={"image": "photo"}), "writes"),
    "writes to no name": (lambda: step(writes={"photo": "the photo"}), "writes"),
    "options of another type": (lambda: step(options=["blend"]), "options"),
    "options twice": (lambda: step(options=[Field("k", "int"), Field("k", "int")]), "options"),
    "option named as a port": (lambda: step(config=Masked(turned=(Field("mask", "int"),))), "options"),
    "side": (lambda: step(side=1), "side"),
    "model without variant": (lambda: Model("acme", steps=[step()]), "name"),
    "model without steps": (lambda: Model("acme.a", steps=[]), "steps"),
    "model of other things": (lambda: Model("acme.a", steps=cast(Any, ["net"])), "steps"),
    "steps of one name": (lambda: Model("acme.a", steps=[step(), step()]), "steps"),
    "output nobody writes": (lambda: Model("acme.a", steps=[step()], output="image"), "output"),
    "size": (lambda: Model("acme.a", steps=[step()], size=0), "size"),
    "weights as text": (lambda: Model("acme.a", steps=[step()], weights="weights/a"), "weights"),  # pyright: ignore
    "options that differ": (
        lambda: Model(
            "acme.a", steps=[step("a", options=[Field("k", "int")]), step("b", options=[Field("k", "float")])]
        ),
        "steps",
    ),
    "weights nowhere": (lambda: Weights(), "bundled"),
    "weights outside": (lambda: Weights(bundled="../weights"), "bundled"),
    "weights absolute": (lambda: Weights(bundled="/weights"), "bundled"),
    "task name": (lambda: TaskEntry("acme.train", factory="a:B"), "name"),
    "adapter kind": (
        lambda: AdapterEntry("a/b", kind_from="phto", kind_to="gray", factory="a:B", lossless=True),
        "kind_from",
    ),
    "option type": (lambda: check_option(Field("k", "number")), "type"),
    "option name": (lambda: check_option(Field("a-b", "int")), "name"),
    "option of the pipeline": (lambda: check_option(Field("seed", "int")), "name"),
    "option default": (lambda: check_option(Field("k", "int", 0, low=1)), "default"),
    "option choices": (lambda: check_option(Field("k", "str", "c", choices=("a", "b"))), "default"),
    "option keys": (lambda: check_option(Field("k", "int", 0, keys=("a",))), "keys"),
    "option range": (lambda: check_option(Field("k", "str", "", low=0)), "low"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_wrong_declaration_names_its_field(case: str) -> None:
    make, where = BAD[case]
    with pytest.raises(DeclarationError) as caught:
        make()
    assert f"{where}:" in caught.value.what


def test_a_good_model_knows_its_parts() -> None:
    blend = Field("blend", "mapping", {}, keys=("nose", "mouth"), low=0, high=1)
    first = step("clean", reads={"sketch": "drawing"}, writes={"photo": "rough"}, options=[blend])
    model = Model("acme.small", steps=[first, step()], weights=Weights(bundled="weights/small"))
    assert (model.family, model.variant) == ("acme", "small")
    assert model.options == {"blend": blend}
    assert first.inputs == {"sketch": "drawing"}
    assert first.outputs == {"photo": "rough"}
    assert model.step("net").outputs == {"photo": "photo"}


class TestOptionRead:
    """A caller's value becomes what the step wants, or an error that says why not."""

    def test_numbers(self) -> None:
        assert Field("k", "int", 10, low=1).read(3.0) == 3
        assert isinstance(Field("k", "float").read(1), float)

    @pytest.mark.parametrize("value", [True, "3", 2.5, float("nan"), float("inf"), 0, 11, [3]])
    def test_not_a_whole_number_from_1_to_10(self, value: object) -> None:
        with pytest.raises(BadOptionError, match="'k'"):
            Field("k", "int", low=1, high=10).read(value)

    def test_a_mapping_has_known_keys_and_numbers(self) -> None:
        option = Field("blend", "mapping", keys=("nose", "mouth"), low=0, high=1)
        assert option.read({"nose": 1}) == {"nose": 1.0}
        with pytest.raises(UnknownOptionError) as caught:
            option.read({"nosse": 1})
        assert caught.value.suggestions == ("nose",)
        for bad in ({"nose": 2}, {"nose": "1"}, [("nose", 1)], 0.4):
            with pytest.raises(BadOptionError):
                option.read(bad)

    def test_choices_flags_texts_and_paths(self, tmp_path) -> None:
        assert Field("s", "str", "lle", choices=("lle", "top1")).read("top1") == "top1"
        with pytest.raises(BadOptionError, match="lle, top1"):
            Field("s", "str", "lle", choices=("lle", "top1")).read("top2")
        with pytest.raises(BadOptionError):
            Field("f", "bool", False).read(1)
        assert Field("p", "path").read(tmp_path) == str(tmp_path)

    def test_none_means_not_given(self) -> None:
        assert Field("k", "int").read(None) is None
