"""Which model is meant when none is named, and what is told of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import s2pzoo
from s2pzoo.cli.models import chosen
from s2pzoo.errors import UsageError


@pytest.fixture
def several(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three families with weights here, of which the catalogue calls one the default."""
    monkeypatch.setenv("S2PZOO_PLUGINS", "deepfacedrawing,ups,doodle")


def test_a_name_is_taken_as_it_is() -> None:
    assert chosen("whatever.it-is") == "whatever.it-is"


def test_the_only_family_with_weights_is_meant() -> None:
    assert chosen(None) == "doodle.small"


@pytest.mark.usefixtures("several")
def test_of_several_the_catalogues_default_is_meant() -> None:
    assert chosen(None) == "deepfacedrawing.faces256"


@pytest.mark.usefixtures("several")
def test_only_models_that_can_do_it_count(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="No model was named") as told:
        chosen(None, can="clean")
    assert "ups.shoes128" in str(told.value) and "doodle.small" in str(told.value)
    assert "deepfacedrawing" not in str(told.value)
    monkeypatch.setenv("S2PZOO_PLUGINS", "deepfacedrawing,ups")
    assert chosen(None, can="clean") == "ups.shoes128"


def test_weights_that_are_not_free_are_a_note_and_no_python_warning(
    cli: Callable, drawing: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    licence = {"code": "MIT", "weights": "research use only", "data": "Shoes"}
    folder = s2pzoo.load("doodle").save(tmp_path / "tied", metadata={"licence": licence})
    for arguments in (("generate", drawing("a.png"), "-m", folder), ("verify", folder)):
        monkeypatch.setattr("s2pzoo.zoo._told", set())
        done = cli(*arguments)
        assert done.code == 0, done.err
        assert done.err.count("The weights of doodle.small: research use only. Trained on: Shoes.") == 1
        assert "LicenceWarning" not in done.err
