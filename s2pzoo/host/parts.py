"""Components by name and config, where one is asked for: in recipes, and inside the configs of others. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import attrs
from attrs import field, frozen

from s2pzoo.errors import RecipeError
from s2pzoo.host.plugin import load_object
from s2pzoo.host.registry import default_registry
from s2pzoo.spec.fields import read
from s2pzoo.spec.model import ComponentEntry
from s2pzoo.spec.ports import connect


@frozen(kw_only=True)
class Part:
    """A component by name, and what of its config is not the default: `"core/hinge"`, or a table with `component`.

    `start` is the trained part, `family.variant:step`, with whose weights a training begins. A recipe may name that
    part alone: `pipeline.plan.named_part` finds out which component it is.
    """

    one_value: ClassVar = True  # in a recipe: read and changed as one

    component: str = ""
    config: dict[str, Any] = field(factory=dict)
    start: str = ""
    usual: str = ""  # the component in whose place it is

    @classmethod
    def of(cls, value: Any) -> Part:
        """A name, a table, or a Part.

        Raises:
            TypeError: something else.
        """
        if isinstance(value, Part):
            return value
        if isinstance(value, str):
            return cls(component=value)
        if not isinstance(value, Mapping):
            hint = " (how much a term counts is said under [weights])" if isinstance(value, int | float) else ""
            raise TypeError(f'wanted "plugin/component" or a table with `component`, got {value!r}{hint}')
        config = {name: one for name, one in value.items() if name not in ("component", _START)}
        return cls(component=value.get("component", ""), config=config, start=value.get(_START, ""))

    def to_plain(self) -> str | dict[str, Any]:
        """As a recipe has it."""
        start = {_START: self.start} if self.start else {}
        return {"component": self.component, **self.config, **start} if self.config or start else self.component

    @property
    def is_trained(self) -> bool:
        """Whether it is the name of a trained part."""
        return ":" in self.component

    def with_value(self, path: tuple[str, ...], value: Any) -> Part:
        """With one value of its config, or another component."""
        return self.over(Part.of({path[0]: value}))

    def over(self, other: Part) -> Part:
        """`other`, where it names another component; else this one with the config of `other` over its own."""
        if other.component not in ("", self.component):
            return attrs.evolve(other, usual=self.usual)
        return attrs.evolve(self, config={**self.config, **other.config}, start=other.start or self.start)

    def make(self, **given: Any) -> Any:
        """The network, built from its config: what the recipe says, and what the task gives.

        Raises:
            UnknownComponentError, PluginError: it cannot be had.
            RecipeError: its config does not fit, or it is no component for this place.
        """
        entry = default_registry().component(self.component)
        config = _settled(entry, self.config, given)
        if self.usual not in ("", self.component) and (why := misplaced(entry, config, self.usual, given)):
            raise RecipeError(
                f"{self.component} cannot stand in for {self.usual}.",
                why=why,
                fix=f"`s2pzoo components --kind {default_registry().component(self.usual).kind}` lists what may.",
            )
        return load_object(entry.network)(config)


_START = "starts_as"  # in a recipe: no config has a field of that name


def _settled(entry: ComponentEntry, config: Mapping[str, Any], given: Mapping[str, Any]) -> Any:
    known = {attribute.name for attribute in attrs.fields(entry.config)}
    wanted = {name: value for name, value in given.items() if name in known}
    return read(entry.config, {**config, **wanted}, what=f"The config of {entry.name}", error=RecipeError)


def misplaced(entry: ComponentEntry, config: Any, usual: str, given: Mapping[str, Any]) -> str:
    """Why a component cannot take the place of the `usual` one: another kind, other inputs, a term too few.

    A loss of one term may call it as it likes, and give several: they are summed.
    """
    place = default_registry().component(usual)
    if entry.kind != place.kind:
        return f"It is of kind {entry.kind}, not {place.kind}."
    ours, theirs = config.ports(), _settled(place, {}, given).ports()
    if set(ours.takes) != set(theirs.takes):
        return f"It takes {', '.join(ours.takes) or 'nothing'}, and is given {', '.join(theirs.takes)}."
    misfits = [f"{name}: {why}." for name, port in theirs.takes.items() for why in connect(port, ours.takes[name])]
    missing = set(theirs.gives) - set(ours.gives) if place.kind != "loss" or len(theirs.gives) > 1 else set()
    return " ".join([*misfits, *(f"It gives no {name}." for name in sorted(missing))])


def own_encoder() -> Any:
    """A field of a network's config: the encoder in the place of its own; none: its own."""
    said = {"help": "an encoder of any plugin in the place of its own; empty: its own"}
    return attrs.field(factory=Part, converter=Part.of, metadata={"s2pzoo": said})


def part(
    component: str,
    *,
    help: str = "",  # noqa: A002
    paper: Any = None,
    released: Any = None,
    was: str = "",
    **config: Any,
) -> Any:
    """A field for a component: `component` built from `config`, unless a recipe says otherwise. `was`: its old name."""
    usual = Part(component=component, config=config, usual=component)
    said = {"help": help, "paper": paper, "released": released}
    metadata = {"s2pzoo": said, "was": was}
    return attrs.field(default=usual, converter=lambda given: usual.over(Part.of(given)), metadata=metadata)
