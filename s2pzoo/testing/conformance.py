"""The conformance kit: is a plugin what it says?

    from s2pzoo.testing import plugin_suite
    test_conformance = plugin_suite("acme")

in a file of tests, or `s2pzoo check acme`. Each check looks at one thing that the plugin declares, and says what is
wrong with it; where nothing of the kind is declared, or where another check has to hold first, it says that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import attrs

from s2pzoo.errors import UsageError
from s2pzoo.host.core import FAMILIES
from s2pzoo.host.registry import default_registry
from s2pzoo.testing.subject import ABSENT, CHECKS, FAILED, PASSED, Check, Finding, Subject

__all__ = ["CHECKS", "Finding", "examine", "plugin_suite", "subject"]


def subject(family: str, options: Mapping[str, Any] = MappingProxyType({})) -> Subject:
    """The installed plugin of that family, to be looked at, and the options of its runs.

    Raises:
        UnknownModelError, PluginMissingError: there is none here. UsageError: it is the core.
    """
    from s2pzoo.testing import checks  # noqa: F401 - which fills CHECKS

    registry = default_registry()
    if family in FAMILIES:
        raise UsageError(
            f"{family!r} is the core's own.", why="Its parts have tests of their own.", fix="Name a plugin."
        )
    if "." in family:
        raise UsageError(f"{family!r} is a model.", fix=f"Name its plugin: s2pzoo check {family.partition('.')[0]}")
    if family not in registry.families():
        registry.plugin(family)
    return Subject(registry.look(family), options)


def examine(family: str, *, tell: Callable[[str, int, int], None] | None = None) -> list[Finding]:
    """Everything that the checks find of one installed plugin; what is wrong is a Finding, never an error.

    Args:
        tell: called before each check with its name, how many are done, and of how many.

    Raises:
        UnknownModelError, PluginMissingError: there is no such plugin here.
    """
    looked, findings = subject(family), []
    cases = list(looked.cases())
    for done, (one, item) in enumerate(cases):
        if tell:
            tell(_label(one, item), done, len(cases))
        findings.append(looked.look(one, item))
    return findings


def plugin_suite(family: str, **options: Any) -> Any:
    """All checks of an installed plugin as a test function of pytest, one test for each check and item.

    `options` are given to runs of the models that have them, so that a search may take a few steps; what a bundle gave
    when it was written is compared without.
    Where there is nothing to check the test is skipped, with the reason.
    """
    import pytest

    looked = subject(family, options)
    cases = [pytest.param(one, item, id=_label(one, item)) for one, item in looked.cases()]

    @pytest.mark.parametrize(("one", "item"), cases)
    def test(one: Check, item: str) -> None:
        finding = looked.look(one, item)
        if finding.state == ABSENT:
            pytest.skip(finding.why)
        assert finding.state == PASSED, finding.why

    test.__doc__ = f"The plugin {family} is what it says."
    return test


def _label(one: Check, item: str) -> str:
    return f"{one.name} {item}".strip()


def total(findings: list[Finding]) -> dict[str, int]:
    """How many passed, failed, were absent."""
    return {state: sum(one.state == state for one in findings) for state in (PASSED, FAILED, ABSENT)}


def plain(finding: Finding) -> dict[str, Any]:
    """A finding ready for JSON."""
    return attrs.asdict(finding) | {"seconds": round(finding.seconds, 3)}
