"""Configs: to JSON and back, strictly."""

import json
from pathlib import Path
from typing import Literal

import pytest
from attrs import field, frozen, validators

from s2pzoo.errors import ConfigError
from s2pzoo.spec.fields import read, to_dict


@frozen(kw_only=True)
class Window:
    x: int
    side: int = 64


@frozen(kw_only=True)
class Config:
    windows: dict[str, Window] = field(factory=lambda: {"nose": Window(x=91)})
    order: tuple[str, ...] = ("nose",)
    solver: Literal["lle", "top1"] = "lle"
    ridge: float = 1e-3
    neighbours: int = field(default=10, validator=validators.ge(1))
    bank: Path | None = None
    shuffle: bool = False


def test_a_config_survives_json() -> None:
    config = Config(windows={"mouth": Window(x=3)}, order=("mouth", "nose"), ridge=2, bank=Path("a/b"))
    assert read(Config, json.loads(json.dumps(to_dict(config)))) == config


def test_absent_fields_take_their_defaults() -> None:
    assert read(Config, {}) == Config()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"neighbour": 3}, "did you mean 'neighbours'"),
        ({"neighbours": "3"}, "wanted a number"),
        ({"neighbours": 3.5}, "wanted a whole number"),
        ({"neighbours": True}, "wanted a number"),
        ({"neighbours": 0}, "neighbours"),
        ({"ridge": "1"}, "wanted a number"),
        ({"shuffle": 1}, "wanted bool"),
        ({"solver": "mean"}, "solver"),
        ({"order": [3]}, "order"),
        ({"windows": {"nose": {}}}, "required field missing"),
        ({"windows": {"nose": {"x": 1, "y": 2}}}, "unknown field y"),
        ({"windows": 3}, "wanted a mapping"),
        ([], "wanted a mapping"),
        (None, "wanted a mapping"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(data, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(Config, data)
    assert said in str(caught.value)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        read(Config, {"ridge": "1", "shuffle": 1, "solvr": "lle"})
    assert len(caught.value.why.splitlines()) == 3


@pytest.mark.parametrize("thing", [{}, 3, Config])
def test_only_configs_become_data(thing: object) -> None:
    with pytest.raises(ConfigError):
        to_dict(thing)
