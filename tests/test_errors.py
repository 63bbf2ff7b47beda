"""Errors: one tree, stable codes, three lines."""

import copy
import pickle  # noqa: TID251 (processes hand errors to each other by it)
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from s2pzoo import errors
from s2pzoo.errors import S2PZooError, UsageError

EXTRA = {"PluginMissingError": {"distribution": "s2pzoo-x"}, "MissingExtraError": {"extra": "train"}}


def tree(root: type[S2PZooError] = S2PZooError) -> Iterator[type[S2PZooError]]:
    yield root
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from tree(child)


PUBLIC = [cls for cls in tree() if not cls.__name__.startswith("_")]


def make(cls: type[S2PZooError]) -> S2PZooError:
    return cls("What.", why="Why.", fix="Fix.", **EXTRA.get(cls.__name__, {}))


def test_all_errors_are_in_the_tree() -> None:
    named = {v for k, v in vars(errors).items() if isinstance(v, type) and k.endswith("Error")}
    assert named == set(PUBLIC)


def test_codes_are_unique_and_follow_the_class_name() -> None:
    codes = [cls.code for cls in PUBLIC]
    assert len(set(codes)) == len(codes)
    for cls in PUBLIC:
        spelt = cls.__name__.removesuffix("Error").replace("S2PZoo", "S2pzoo")
        assert cls.code == "E_" + re.sub(r"(?<!^)([A-Z])", r"_\1", spelt).upper()


@pytest.mark.parametrize("cls", PUBLIC)
def test_an_error_says_what_why_and_what_to_do(cls: type[S2PZooError]) -> None:
    error = make(cls)
    assert str(error) == "What.\nWhy.\nFix."
    assert str(cls("What.", **EXTRA.get(cls.__name__, {}))).startswith("What.")
    assert cls.__doc__


@pytest.mark.parametrize("cls", PUBLIC)
def test_every_error_says_what_to_do_next(cls: type[S2PZooError]) -> None:
    error = cls("What.", **EXTRA.get(cls.__name__, {}))
    assert error.fix and str(error).endswith(error.fix)


@pytest.mark.parametrize("cls", PUBLIC)
def test_an_error_survives_another_process(cls: type[S2PZooError]) -> None:
    error = make(cls)
    for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):  # noqa: S301
        assert type(twin) is cls
        assert str(twin) == str(error)
        assert vars(twin) == vars(error)


@pytest.mark.parametrize("cls", PUBLIC)
def test_only_a_wrong_request_ends_with_2(cls: type[S2PZooError]) -> None:
    assert cls.exit_code == (2 if issubclass(cls, UsageError) else 1)


def test_suggestions_become_the_advice() -> None:
    error = errors.UnknownModelError("Unknown model 'upps'.", suggestions=["ups"])
    assert error.suggestions == ("ups",)
    assert error.fix == "Did you mean 'ups'?"


def test_a_port_mismatch_lists_every_misfit() -> None:
    error = errors.PortMismatchError("These steps do not fit.", misfits=["one", "two"])
    assert error.misfits == ("one", "two")
    assert "  - one\n  - two" in str(error)


def test_a_missing_extra_says_how_to_get_it() -> None:
    assert 'pip install "s2pzoo[train]"' in str(errors.MissingExtraError("Training needs Lightning.", extra="train"))


@pytest.mark.parametrize(
    ("marker", "command"),
    [("", "pip install acme"), ("pipx_metadata.json", "pipx runpip s2pzoo install acme"),
     ("uv-receipt.toml", "uv tool install s2pzoo --with acme")],
)  # fmt: skip
def test_what_is_missing_is_installed_as_s2pzoo_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, marker: str, command: str
) -> None:
    home = tmp_path / "s2pzoo"
    home.mkdir()
    if marker:
        (home / marker).touch()
    monkeypatch.setattr(sys, "prefix", str(home))
    assert command in str(errors.PluginMissingError("Acme is not installed.", distribution="acme"))
    assert "pip" in errors.install_command("--upgrade acme")


def test_where_there_is_no_pip_uv_installs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "find_spec", lambda _: None)
    assert errors.install_command("acme") == "uv pip install acme"
