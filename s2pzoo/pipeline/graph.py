"""Steps over named values: do they fit, what is needed for a value, and how to say so. Torch-free."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

import attrs
from attrs import field, frozen

from s2pzoo.declare import AdapterEntry, ModelEntry, Option, Step
from s2pzoo.errors import PortMismatchError, UnknownOptionError, UsageError
from s2pzoo.names import suggest
from s2pzoo.pipeline.adapters import adapter_config, adapter_step
from s2pzoo.ports import KINDS, Port, connect


@frozen(kw_only=True)
class Wiring:
    """What one step reads and writes: port name -> value name."""

    reads: dict[str, str]
    writes: dict[str, str]


@frozen(kw_only=True, slots=False)  # a __dict__, for the cached properties
class Graph:
    """Ordered steps from one input value to one output value. Every value is written once and never changed.

    Attributes:
        name: of the model, for messages.
        steps: in the order they run.
        input: the value that is given.
        output: the value that is the result.
        size: side of the input in pixels, where it is a picture.
        inserted: names of the steps that were put in as lossless adapters.
    """

    name: str
    steps: tuple[Step, ...] = field(converter=tuple)
    input: str = "sketch"
    output: str = "photo"
    size: int = 256
    inserted: frozenset[str] = frozenset()

    @classmethod
    def of(cls, model: ModelEntry) -> Graph:
        """The graph of a declared model."""
        return cls(name=model.name, steps=model.steps, input=model.input, output=model.output, size=model.size)

    @cached_property
    def wiring(self) -> dict[str, Wiring]:
        """Step name -> which values it reads and writes, by port."""
        return {step.name: Wiring(reads=step.inputs, writes=step.outputs) for step in self.steps}

    @property
    def input_port(self) -> Port:
        """What the input is: the kind it is named after, else what its first reader takes; a picture has `size`."""
        readers = (s.ports().takes[p] for s in self.steps for p, value in s.inputs.items() if value == self.input)
        kind = self.input if self.input in KINDS else next(readers, Port("sketch")).kind
        return Port(kind, size=self.size) if KINDS.get(kind) else next(readers, Port(kind))

    @cached_property
    def values(self) -> dict[str, Port]:
        """Every value's port, in the order they come to be."""
        ports = {self.input: self.input_port}
        for step in self.steps:
            gives = step.ports().gives
            ports |= {value: gives[port] for port, value in step.outputs.items()}
        return ports

    @cached_property
    def options(self) -> dict[str, Option]:
        """Every option of every step, by name."""
        return {option.name: option for step in self.steps for option in step.options}

    def misfits(self) -> list[str]:
        """All that keeps the steps from running one after the other, in words."""
        found: list[str] = []
        have = {self.input: (self.input_port, "the input")}
        later = {value: step.name for step in self.steps for value in step.outputs.values()}
        for step in self.steps:
            ports = step.ports()
            for port, value in step.inputs.items():
                if value not in have:
                    by = f", which only the later step {later[value]!r} gives" if value in later else ""
                    found.append(f"{step.name} reads {value!r}{by or ', which nothing gives'}")
                    continue
                gives, giver = have[value]
                found += [f"{giver} -> {step.name}: {text}" for text in connect(gives, ports.takes[port])]
            for port, value in step.outputs.items():
                if value in have:
                    found.append(f"{step.name} writes {value!r}, which {have[value][1]} already gives")
                have.setdefault(value, (ports.gives[port], step.name))
        if not any(self.input in step.inputs.values() for step in self.steps):
            found.append(f"no step reads the input {self.input!r}")
        if self.output not in have:
            found.append(f"no step gives the output {self.output!r}")
        return found

    def check(self, adapters: Iterable[AdapterEntry] = ()) -> Graph:
        """This graph, if it fits.

        Args:
            adapters: known ones; a lossy one that would help is named in the error.

        Raises:
            PortMismatchError: with every misfit.
        """
        misfits = self.misfits()
        if misfits:
            raise PortMismatchError(
                f"The steps of {self.name} do not fit together.", fix=self._advice(adapters), misfits=misfits
            )
        return self

    def adapted(self, adapters: Iterable[AdapterEntry]) -> Graph:
        """This graph with lossless adapters put in wherever two kinds differ and one of them helps."""
        lossless = [adapter for adapter in adapters if adapter.lossless]
        steps: list[Step] = []
        have = {self.input: self.input_port}
        made: dict[tuple[str, str], str] = {}
        inserted = set(self.inserted)
        taken = {*self.values, *(step.name for step in self.steps)}
        for step in self.steps:
            reads = step.inputs
            for port, takes in step.ports().takes.items():
                value = reads[port]
                adapter = _between(have[value], takes, lossless) if value in have else None
                if adapter is None:
                    continue
                if (value, adapter.name) not in made:
                    extra = adapter_step(adapter, reads=value, port=have[value], taken=taken)
                    steps.append(extra)
                    inserted.add(extra.name)
                    made[value, adapter.name] = next(iter(extra.outputs.values()))
                    have |= {made[value, adapter.name]: next(iter(extra.ports().gives.values()))}
                    taken |= {extra.name, made[value, adapter.name]}
                reads = reads | {port: made[value, adapter.name]}
            steps.append(attrs.evolve(step, reads=reads) if reads != step.inputs else step)
            have |= {value: step.ports().gives[port] for port, value in step.outputs.items()}
        return attrs.evolve(self, steps=tuple(steps), inserted=frozenset(inserted))

    def needed(self, given: Iterable[str], wanted: Iterable[str]) -> tuple[Step, ...]:
        """The steps to run, in order, to get the values `wanted` where those of `given` are there already.

        Raises:
            UsageError: a wanted value is not of this graph, or needs one that is not given.
        """
        given, wanted, known = set(given), list(wanted), self.values
        for value in wanted:
            if value not in known and value not in given:
                near = suggest(value, known)
                raise UsageError(
                    f"{self.name} has no value {value!r}.",
                    why=f"It has: {', '.join(known)}.",
                    fix=f"Did you mean {near[0]!r}?" if near else "",
                )
        missing, chosen = set(wanted) - given, []
        for step in reversed(self.steps):
            writes = set(self.wiring[step.name].writes.values())
            if missing & writes:
                chosen.append(step)
                missing = (missing - writes) | (set(self.wiring[step.name].reads.values()) - given)
        if missing:
            raise UsageError(
                f"{', '.join(wanted)} cannot be made from what is given.",
                why=f"It needs {', '.join(sorted(missing))} too; given: {', '.join(sorted(given)) or 'nothing'}.",
            )
        return tuple(reversed(chosen))

    def route(self, options: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """Step name -> the options to call it with: those given, read and checked, else (or for None) the default.

        Raises:
            UnknownOptionError: no step declares it; carries suggestions.
            BadOptionError: a value outside its type, range or choices.
        """
        declared = self.options
        for name in options:
            if name not in declared:
                raise UnknownOptionError(
                    f"{self.name} has no option {name!r}.",
                    why=f"It has: {', '.join(declared) or 'none'}.",
                    suggestions=suggest(name, declared),
                )
        given = {name: value for name, value in options.items() if value is not None}
        values = {name: option.read(given.get(name, option.default)) for name, option in declared.items()}
        return {step.name: {option.name: values[option.name] for option in step.options} for step in self.steps}

    def explain(self) -> str:
        """The steps as a table: what each reads and gives, adapters that were put in, options, side steps."""
        ports = self.values
        rows = [("", "input", "", f"{self.input}: {self.input_port}", "")]
        for number, step in enumerate(self.steps, 1):
            gives = ", ".join(f"{value}: {ports[value]}" for value in step.outputs.values())
            rows.append((str(number), step.name, step.component, gives, self._remarks(step)))
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        lines = [self.name]
        for row in rows:
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
            lines.append("  ".join((*cells, row[4])).rstrip())
        return "\n".join((*lines, f"output: {self.output}"))

    def _remarks(self, step: Step) -> str:
        remarks = [f"reads {', '.join(step.inputs.values())}"]
        if step.name in self.inserted:
            remarks.append("put in, lossless")
        if step.side:
            remarks.append("only when asked for")
        if step.options:
            remarks.append(f"options {', '.join(option.name for option in step.options)}")
        return "; ".join(remarks)

    def _advice(self, adapters: Iterable[AdapterEntry]) -> str:
        lossy = [adapter for adapter in adapters if not adapter.lossless]
        ports = self.values
        for step in self.steps:
            for port, value in step.inputs.items():
                adapter = _between(ports[value], step.ports().takes[port], lossy) if value in ports else None
                if adapter is not None:
                    about = f" ({adapter.summary})" if adapter.summary else ""
                    return f"{adapter.name}{about} would make {value!r} fit: name it before {step.name!r}."
        sizes = any("pixels" in misfit for misfit in self.misfits())
        return "s2pzoo/resize changes the size of a picture: name it between the two." if sizes else ""


def _between(gives: Port, takes: Port, adapters: Iterable[AdapterEntry]) -> AdapterEntry | None:
    """The first adapter that makes `gives` fit `takes`, where the kinds differ."""
    if not connect(Port(gives.kind), Port(takes.kind)):
        return None
    for adapter in adapters:
        config = adapter_config(adapter, size=gives.size if isinstance(gives.size, int) else None)
        ports = config.ports()
        (enters,), (leaves,) = ports.takes.values(), ports.gives.values()
        if not connect(gives, enters) and not connect(leaves, takes):
            return adapter
    return None
