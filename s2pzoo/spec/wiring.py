"""Connecting parts that were given one after the other, and putting one part in the place of another. Torch-free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
from attrs import field, frozen

from s2pzoo.errors import PortMismatchError
from s2pzoo.spec.adapters import unused
from s2pzoo.spec.model import Model, Step
from s2pzoo.spec.ports import Port, connect


@frozen(kw_only=True)
class Block:
    """One item of a composition: a part, or a whole model with its steps already wired.

    Attributes:
        steps: in order.
        inputs: values it reads and does not make.
        outputs: values it offers to what follows, the best last.
        fixed: inputs that already name a value of the whole.
    """

    steps: tuple[Step, ...] = field(converter=tuple)
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    fixed: frozenset[str] = frozenset()

    @classmethod
    def part(cls, step: Step, *, side: bool = False) -> Block:
        """One step; what its `reads` name explicitly stays as it is."""
        return cls(
            steps=(attrs.evolve(step, side=side),),
            inputs=tuple(dict.fromkeys(step.inputs.values())),
            outputs=tuple(step.outputs.values()),
            fixed=frozenset(step.reads.values()),
        )

    @classmethod
    def whole(cls, model: Model) -> Block:
        """All steps of a model."""
        return cls(steps=model.steps, inputs=(model.input,), outputs=(model.output,))

    def port(self, value: str) -> Port:
        """What its first reader takes for an input value."""
        return next(s.takes[p] for s in self.steps for p, read in s.inputs.items() if read == value)


def wire(blocks: Sequence[Block], *, name: str, size: int | None = None) -> tuple[Model, list[tuple[str, ...]]]:
    """Connect blocks in order.

    A block with one input takes what the block before it offers, so that nothing is passed over; one with several
    inputs takes the latest value of each kind. Values and steps whose names are in use get a number. Nothing is
    checked: that is `graph.check`.

    Returns:
        the model, and for each block the names of its steps in it.
    """
    entrance = blocks[0].inputs[0] if blocks[0].inputs else "sketch"
    values = {entrance: blocks[0].port(entrance) if blocks[0].inputs else Port("sketch")}
    offered: tuple[str, ...] = (entrance,)
    steps: list[Step] = []
    names: list[tuple[str, ...]] = []
    for block in blocks:
        renamed: dict[str, str] = {}
        for value in block.inputs:
            pool = offered if len(block.inputs) == 1 else tuple(values)
            pool = [have for have in pool if have not in renamed.values()]
            found = None if value in block.fixed else _latest(pool, values, block.port(value))
            renamed[value] = found or value
        own: list[Step] = []
        for step in block.steps:
            reads = {port: renamed.get(value, value) for port, value in step.inputs.items()}
            writes = {}
            for port, value in step.outputs.items():
                writes[port] = renamed[value] = unused(value, values, joint="_")
                values[writes[port]] = step.gives[port]
            label = unused(step.name, (s.name for s in (*steps, *own)))
            own.append(attrs.evolve(step, name=label, reads=reads, writes=writes))
        for value in block.outputs:  # the best last, so that it is the latest
            values[renamed[value]] = values.pop(renamed[value])
        offered = tuple(renamed[value] for value in block.outputs)
        steps += own
        names.append(tuple(step.name for step in own))
    output = next(reversed(values))
    port = values[entrance]
    side = size or (port.size if isinstance(port.size, int) else 256)
    return Model(name, steps=tuple(steps), input=entrance, output=output, size=side), names


def replace(model: Model, name: str, step: Step) -> Model:
    """`model` with `step` in the place of the step `name`, its ports on the values of the old one's.

    A port goes to the value of the old port of its own name, else of the only old port of its kind.

    Raises:
        PortMismatchError: the new step does not give a value that a later one reads.
    """
    old = next(one for one in model.steps if one.name == name)
    reads = _carried(old.takes, old.inputs, step.takes)
    writes = _carried(old.gives, old.outputs, step.gives)
    new = attrs.evolve(step, name=name, reads=step.inputs | reads, writes=step.outputs | writes, side=old.side)
    needed = {value for one in model.steps for value in one.inputs.values()} | {model.output}
    lost = sorted((set(old.outputs.values()) - set(new.outputs.values())) & needed)
    if lost:
        gives = ", ".join(f"{port} ({given.kind})" for port, given in step.gives.items()) or "nothing"
        raise PortMismatchError(
            f"{step.component} cannot take the place of {name!r} in {model.name}.",
            misfits=[f"{step.component} gives no {value!r}; it gives {gives}" for value in lost],
        )
    return attrs.evolve(model, steps=tuple(new if one.name == name else one for one in model.steps))


def _latest(pool: Sequence[str], values: Mapping[str, Port], takes: Port) -> str | None:
    """The last name of `pool` whose value is of the kind; else the last at all, to be adapted or to be told."""
    alike = [name for name in pool if not connect(Port(values[name].kind), Port(takes.kind))]
    return next(reversed(alike or list(pool)), None)


def _carried(old: dict[str, Port], values: dict[str, str], new: dict[str, Port]) -> dict[str, str]:
    carried = {}
    for port, wanted in new.items():
        alike = [name for name, have in old.items() if not connect(Port(have.kind), Port(wanted.kind))]
        if port in alike or len(alike) == 1:
            carried[port] = values[port if port in alike else alike[0]]
    return carried
