"""What the conformance kit asks, and of what: a Check is one question, a Subject the plugin that is looked at."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import field, frozen

from s2pzoo.errors import S2PZooError
from s2pzoo.host.guard import interrupts, reason, unchanged
from s2pzoo.host.plugin import Plugin, State
from s2pzoo.weights.resolve import WeightsRef, package_folder

if TYPE_CHECKING:
    from s2pzoo.pipeline.run import Pipeline
    from s2pzoo.spec.model import Model

T = TypeVar("T")

PASSED, FAILED, ABSENT = "passed", "failed", "absent"


class AbsentError(Exception):
    """There is nothing to check."""


@frozen(kw_only=True)
class Finding:
    """What one check found of one item.

    Attributes:
        check: `group/name`.
        item: what it looked at; empty: the plugin as a whole.
        state: "passed", "failed" or "absent".
        why: what is wrong, or why there was nothing to check.
        seconds: what it took.
    """

    check: str
    item: str
    state: str
    why: str = ""
    seconds: float = 0.0


@frozen(kw_only=True)
class Check:
    """One question about every item of a kind.

    Args:
        name: `group/name`.
        of: "plugin", "components", "models", "tasks", "datasets", "tools", "recipes", or "bundles", the models with
            weights in the package.
        look: called with the subject and the item; raises what is wrong, or AbsentError.
        after: the name of a check of the same item without which this one makes no sense.
        needs: names of checks that must hold of whatever they are about.
    """

    name: str
    of: str
    look: Callable[[Subject, Any], None] = field(repr=False)
    after: str = ""
    needs: tuple[str, ...] = ()

    @property
    def about(self) -> str:
        """What it asks, in a line."""
        return (self.look.__doc__ or "").strip().splitlines()[0]


CHECKS: dict[str, Check] = {}
"""By name, in the order in which they are made."""


def check(
    group: str, of: str, *, after: str = "", needs: tuple[str, ...] = ()
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The decorated function is a check of the group, named after it."""

    def add(look: Callable[..., None]) -> Callable[..., None]:
        name = f"{group}/{look.__name__.replace('_', '-')}"
        CHECKS[name] = Check(name=name, of=of, look=look, after=after, needs=needs)
        return look

    return add


class Subject:
    """The plugin that is looked at, and what several checks need of it.

    Attributes:
        plugin: as the registry has it, loaded or not.
        options: of a run, for models that have them.
        folder: for what is written, gone afterwards.
        found: what there is so far, by check and item.
    """

    def __init__(self, plugin: Plugin, options: Mapping[str, Any]) -> None:
        self.plugin, self.options, self.folder = plugin, options, Path(tempfile.mkdtemp(prefix="s2pzoo-check-"))
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        self.found: dict[tuple[str, str], Finding] = {}
        self._kept: dict[str, Any] = {}

    @property
    def package(self) -> Path:
        """The folder of its package."""
        return package_folder(self.plugin.module)

    @cached_property
    def recipes(self) -> list[str]:
        """`family/recipe`."""
        return [f"{self.plugin.family}/{file.stem}" for file in sorted((self.package / "recipes").glob("*.toml"))]

    def items(self, of: str) -> dict[str, Any]:
        """What a check is about, by name."""
        if of == "plugin":
            return {"": self.plugin}
        if self.plugin.state is not State.LOADED:
            return {}
        if of == "recipes":
            return {name: name for name in self.recipes}
        if of == "bundles":
            return {name: model for name, model in self.plugin.models.items() if self.bundle(model) is not None}
        return dict(getattr(self.plugin, of))

    def bundle(self, model: Model) -> Path | None:
        """The folder of its weights in the package, where the declaration says there is one."""
        return WeightsRef.of(model, self.plugin).bundled

    def pipeline(self, model: Model) -> Pipeline:
        """The model with its bundled weights where they are whole, else with those it is born with."""
        from s2pzoo.zoo import as_it_is, build

        whole = self.look(CHECKS["weights/whole"], model.name).state == PASSED
        folder = self.bundle(model) if whole else None
        return self.kept(f"pipeline {model.name}", lambda: as_it_is(folder) if folder else build(model.name))

    def kept(self, name: str, make: Callable[[], T]) -> T:
        """What `make` makes, made once; forgotten when things of another model are asked for, for they are large."""
        model = name.rpartition(" ")[2]
        self._kept = {key: one for key, one in self._kept.items() if key.endswith(f" {model}")}
        if name not in self._kept:
            self._kept[name] = make()
        return self._kept[name]

    def forget(self) -> None:
        """What is kept is no longer what it was."""
        self._kept = {}

    def cases(self) -> Iterator[tuple[Check, str]]:
        """Every check with every item, those of one model together; once without one where there is none."""
        found = [(one, item) for one in CHECKS.values() for item in self.items(one.of) or [""]]
        models = list(self.items("models"))
        first = {item: found.index((one, item)) for one, item in reversed(found) if item in models}
        yield from sorted(found, key=lambda case: first.get(case[1], found.index(case)))

    def broken(self, name: str, item: str) -> str:
        """The first check that keeps an item, or others that it rests on, from passing this one; empty: none does."""
        one = CHECKS[name]
        if self.look(one, item).state == FAILED:
            return f"{name} {item}".strip()
        return self._unmet(one, item)

    def _unmet(self, one: Check, item: str) -> str:
        """Of the checks that have to hold first, the first that does not."""
        before = CHECKS.get(one.after)
        found = before and self.broken(one.after, item if item in self.items(before.of) else "")
        rest = ((name, other) for name in one.needs for other in self.items(CHECKS[name].of))
        return found or next(filter(None, itertools.starmap(self.broken, rest)), "")

    def look(self, one: Check, item: str) -> Finding:
        """What a check finds."""
        if (one.name, item) not in self.found:
            started = time.perf_counter()
            state, why = self._outcome(one, item)
            finding = Finding(check=one.name, item=item, state=state, why=why, seconds=time.perf_counter() - started)
            self.found[one.name, item] = finding
        return self.found[one.name, item]

    def _outcome(self, one: Check, item: str) -> tuple[str, str]:
        items = self.items(one.of)
        if item not in items:
            loaded = self.plugin.state is State.LOADED
            return ABSENT, f"it declares no {one.of}" if loaded else "it does not load"
        if unmet := self._unmet(one, item):
            return ABSENT, f"{unmet} does not hold"
        try:
            with interrupts() as pressed, unchanged():
                one.look(self, items[item])
        except AbsentError as error:
            return ABSENT, str(error)
        except S2PZooError as error:
            return FAILED, " ".join(filter(None, (error.what, error.why, error.fix)))
        except AssertionError as error:
            return FAILED, str(error) or reason(error)
        except BaseException as error:  # SystemExit and its like too: no plugin ends what looks at it
            if isinstance(error, KeyboardInterrupt) and pressed:
                raise
            return FAILED, " ".join([reason(error), *getattr(error, "__notes__", ())])
        return PASSED, ""
