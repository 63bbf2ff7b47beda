"""What can be said of a model on paper: do its steps fit, what is needed for a value, how it reads. No torch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from s2pzoo.errors import PortMismatchError, UnknownOptionError, UsageError
from s2pzoo.spec.adapters import adapter_config, adapter_step
from s2pzoo.spec.model import AdapterEntry, Model, Step
from s2pzoo.spec.names import hint, suggest
from s2pzoo.spec.ports import Port, connect


def misfits(model: Model) -> list[str]:
    """All that keeps the steps from running one after the other, in words."""
    found: list[str] = []
    have = {model.input: (model.input_port, "the input")}
    later = {value: step.name for step in model.steps for value in step.outputs.values()}
    for step in model.steps:
        for port, value in step.inputs.items():
            if value not in have:
                by = f", which only the later step {later[value]!r} gives" if value in later else ""
                found.append(f"{step.name} reads {value!r}{by or ', which nothing gives'}")
                continue
            gives, giver = have[value]
            found += [f"{giver} -> {step.name}: {text}" for text in connect(gives, step.takes[port])]
        for port, value in step.outputs.items():
            if value in have:
                found.append(f"{step.name} writes {value!r}, which {have[value][1]} already gives")
            have.setdefault(value, (step.gives[port], step.name))
    if not any(model.input in step.inputs.values() for step in model.steps):
        found.append(f"no step reads the input {model.input!r}")
    read = {value for step in model.steps for value in step.inputs.values()} | {model.output}
    for step in model.steps:
        if not step.side and not read & set(step.outputs.values()):
            found.append(f"{step.name} gives {', '.join(map(repr, step.outputs.values()))}, which nothing reads")
    if model.output not in have:
        found.append(f"no step gives the output {model.output!r}")
    return found


def check(model: Model, adapters: Iterable[AdapterEntry] = ()) -> Model:
    """The model, if its steps fit.

    Args:
        adapters: known ones; a lossy one that would help is named in the error.

    Raises:
        PortMismatchError: with every misfit.
    """
    found = misfits(model)
    if found:
        fix = _advice(model, adapters, found)
        raise PortMismatchError(f"The steps of {model.name} do not fit together.", fix=fix, misfits=found)
    return model


def adapted(model: Model, adapters: Iterable[AdapterEntry]) -> Model:
    """The model with lossless adapters put in wherever two kinds differ and one of them helps."""
    lossless = [adapter for adapter in adapters if adapter.lossless]
    steps: list[Step] = []
    have = {model.input: model.input_port}
    made: dict[tuple[str, str], str] = {}
    inserted = set(model.inserted)
    taken = {*model.values, *(step.name for step in model.steps)}
    for step in model.steps:
        reads = step.inputs
        for port, takes in step.takes.items():
            value = reads[port]
            adapter = _between(have[value], takes, lossless) if value in have else None
            if adapter is None:
                continue
            if (value, adapter.name) not in made:
                extra = adapter_step(adapter, reads=value, port=have[value], taken=taken)
                steps.append(extra)
                inserted.add(extra.name)
                made[value, adapter.name] = next(iter(extra.outputs.values()))
                have |= {made[value, adapter.name]: next(iter(extra.gives.values()))}
                taken |= {extra.name, made[value, adapter.name]}
            reads = reads | {port: made[value, adapter.name]}
        steps.append(attrs.evolve(step, reads=reads) if reads != step.inputs else step)
        have |= {value: step.gives[port] for port, value in step.outputs.items()}
    return attrs.evolve(model, steps=tuple(steps), inserted=frozenset(inserted))


def needed(model: Model, given: Iterable[str], wanted: Iterable[str]) -> tuple[Step, ...]:
    """The steps to run, in order, to get the values `wanted` where those of `given` are there already.

    Raises:
        UsageError: a wanted value is not of this model, or needs one that is not given.
    """
    given, wanted, known = set(given), list(wanted), model.values
    for value in wanted:
        if value not in known and value not in given:
            raise UsageError(
                f"{model.name} has no value {value!r}.", why=f"It has: {', '.join(known)}.", fix=hint(value, known)
            )
    missing, chosen = set(wanted) - given, []
    for step in reversed(model.steps):
        writes = set(step.outputs.values())
        if missing & writes:
            chosen.append(step)
            missing = (missing - writes) | (set(step.inputs.values()) - given)
    if missing:
        raise UsageError(
            f"{', '.join(wanted)} cannot be made from what is given.",
            why=f"It needs {', '.join(sorted(missing))} too; given: {', '.join(sorted(given)) or 'nothing'}.",
        )
    return tuple(reversed(chosen))


def read_options(model: Model, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a run: those given, read and checked, else (or for None) the defaults.

    Raises:
        UnknownOptionError: no step declares it; carries suggestions.
        BadOptionError: a value outside its type, range or choices.
    """
    declared = model.options
    for name in options:
        if name not in declared:
            raise UnknownOptionError(
                f"{model.name} has no option {name!r}.",
                why=f"It has: {', '.join(declared) or 'none'}.",
                suggestions=suggest(name, declared),
            )
    given = {name: value for name, value in options.items() if value is not None}
    return {name: option.read(given.get(name, option.default)) for name, option in declared.items()}


def rows(model: Model) -> list[dict[str, Any]]:
    """Each step, ready for JSON: the values it reads and gives with their ports, its options, what is special."""
    return [
        {
            "name": step.name,
            "component": step.component,
            "reads": {value: str(step.takes[port]) for port, value in step.inputs.items()},
            "gives": {value: str(step.gives[port]) for port, value in step.outputs.items()},
            "options": [option.name for option in step.options],
            "side": step.side,
            "inserted": step.name in model.inserted,
        }
        for step in model.steps
    ]


def explain(model: Model) -> str:
    """The steps as a table: what each reads and gives, adapters that were put in, options, side steps."""
    cells = [("", "input", "", f"{model.input}: {model.input_port}", "")]
    for number, row in enumerate(rows(model), 1):
        gives = ", ".join(f"{value}: {port}" for value, port in row["gives"].items())
        said = [f"reads {', '.join(row['reads'])}", *remarks(row)]
        cells.append((str(number), row["name"], row["component"], gives, "; ".join(said)))
    widths = [max(len(row[column]) for row in cells) for column in range(4)]
    lines = [model.name]
    for row in cells:
        padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        lines.append("  ".join((*padded, row[4])).rstrip())
    return "\n".join((*lines, f"output: {model.output}"))


def remarks(row: Mapping[str, Any]) -> list[str]:
    """What is special about a step of `rows`, in words."""
    said = ["put in, lossless"] if row["inserted"] else []
    said += ["only when asked for"] if row["side"] else []
    return said + ([f"options {', '.join(row['options'])}"] if row["options"] else [])


def _advice(model: Model, adapters: Iterable[AdapterEntry], found: Iterable[str]) -> str:
    lossy = [adapter for adapter in adapters if not adapter.lossless]
    for step in model.steps:
        for port, value in step.inputs.items():
            gives, takes = model.values.get(value), step.takes[port]
            for wanted, also in ((takes, ""), (attrs.evolve(takes, size=None, multiple=1), ", and s2pzoo/resize,")):
                adapter = _between(gives, wanted, lossy) if gives else None
                if adapter is not None:
                    about = f" ({adapter.summary})" if adapter.summary else ""
                    return f"{adapter.name}{about}{also} would make {value!r} fit: name it before {step.name!r}."
    sizes = any("pixels" in misfit for misfit in found)
    return "s2pzoo/resize changes the size of a picture: name it between the two." if sizes else ""


def _between(gives: Port, takes: Port, adapters: Iterable[AdapterEntry]) -> AdapterEntry | None:
    """The first adapter that makes `gives` fit `takes`, where the kinds differ."""
    if not connect(Port(gives.kind), Port(takes.kind)):
        return None
    for adapter in adapters:
        ports = adapter_config(adapter, size=gives.size if isinstance(gives.size, int) else None).ports()
        (enters,), (leaves,) = ports.takes.values(), ports.gives.values()
        if not connect(gives, enters) and not connect(leaves, takes):
            return adapter
    return None
