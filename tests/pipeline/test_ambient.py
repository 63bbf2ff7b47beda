"""What the rest of the process does with torch does not matter to a model, and a model does nothing to it."""

from __future__ import annotations

import pickle  # noqa: TID251 - of our own objects
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import s2pzoo
from s2pzoo.errors import BadInputError, UsageError

FACE = Path(__file__).parents[2] / "examples/sketches/faces/man_beard.svg"
MODELS = ["deepfacedrawing", "contextualgan"]


def photo(make: Callable[[], object]) -> np.ndarray:
    return np.asarray(make(), int)


@pytest.fixture(scope="module", params=MODELS)
def usual(request: pytest.FixtureRequest) -> tuple[str, np.ndarray]:
    return request.param, photo(lambda: s2pzoo.load(request.param)(FACE))


def inside(context: object, make: Callable[[], object]) -> object:
    with context:  # pyright: ignore[reportGeneralTypeIssues]
        return make()


def test_inference_mode_makes_no_difference(usual: tuple[str, np.ndarray]) -> None:
    name, wanted = usual
    loaded = inside(torch.inference_mode(), lambda: s2pzoo.load(name))  # noqa: TID251
    assert (photo(lambda: loaded(FACE)) == wanted).all()  # pyright: ignore[reportCallIssue]
    model = s2pzoo.load(name)
    assert (photo(lambda: inside(torch.inference_mode(), lambda: model(FACE))) == wanted).all()  # noqa: TID251


def test_autocast_makes_no_difference(usual: tuple[str, np.ndarray]) -> None:
    name, wanted = usual
    model = s2pzoo.load(name)
    assert (photo(lambda: inside(torch.autocast("cpu", dtype=torch.bfloat16), lambda: model(FACE))) == wanted).all()


def test_a_default_device_makes_no_difference(usual: tuple[str, np.ndarray]) -> None:
    name, wanted = usual
    loaded = inside(torch.device("meta"), lambda: s2pzoo.load(name))
    assert (photo(lambda: loaded(FACE)) == wanted).all()  # pyright: ignore[reportCallIssue]
    assert (photo(lambda: inside(torch.device("meta"), lambda: loaded(FACE))) == wanted).all()  # pyright: ignore


def test_another_default_dtype_is_refused_in_words() -> None:
    model = s2pzoo.load("ups")
    torch.set_default_dtype(torch.float64)
    try:
        for make in (lambda: s2pzoo.load("ups"), lambda: model(FACE)):
            with pytest.raises(UsageError, match=r"default dtype is torch\.float64"):
                make()
    finally:
        torch.set_default_dtype(torch.float32)
    assert model(FACE).size == (128, 128)


def test_loading_draws_no_random_numbers_and_takes_none_back() -> None:
    torch.random.manual_seed(3)
    wanted = [torch.rand(1).item() for _ in range(300)]
    stop = threading.Event()

    def load() -> None:
        while not stop.is_set():
            s2pzoo.load("ups")

    thread = threading.Thread(target=load)
    torch.random.manual_seed(3)
    thread.start()
    found = []
    for _ in range(300):
        found.append(torch.rand(1).item())
        stop.wait(0.002)
    stop.set()
    thread.join()
    assert found == wanted


@pytest.mark.parametrize("name", MODELS)
def test_a_pipeline_can_be_pickled(name: str) -> None:
    model = s2pzoo.load(name)
    again = pickle.loads(pickle.dumps(model))  # noqa: S301 - our own
    assert (photo(lambda: again(FACE)) == photo(lambda: model(FACE))).all()


@pytest.mark.parametrize("name", [None, 5, b"ups", 1.5, ["ups"]])
def test_a_name_that_is_none(name: object) -> None:
    with pytest.raises(UsageError, match="name of a model"):
        s2pzoo.load(name)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("more", "said"),
    [({"weights": ""}, "weights is empty"), ({"weights": 5}, "weights is 5"), ({"swap": 5}, "swap is 5"),
     ({"device": "gpu"}, "no device 'gpu'"), ({"device": 5.5}, "no device")],
)  # fmt: skip
def test_arguments_of_load_that_are_none(more: dict, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        s2pzoo.load("ups", **more)


def test_a_masked_array_is_refused_by_name() -> None:
    drawing = np.ma.masked_less(np.eye(64), 0.5)
    with pytest.raises(BadInputError, match=r"masked(?s:.)*filled"):
        s2pzoo.load("ups")(drawing)
