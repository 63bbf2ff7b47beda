"""What a plugin writes to be trained: its networks, its optimisers, one explicit step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.optim import Optimizer

from s2pzoo.train.recipe import Recipe

Backward = Callable[[Tensor], None]


class Task(ABC):
    """One training. A subclass fills the attributes in `__init__` and writes the five methods below.

    The loop seeds torch with `recipe.seed` before it builds the task, so initial weights repeat.
    It then wraps `networks` and `optimizers` in place for the device and precision; inside `step`, call
    `self.networks["generator"](...)` and `self.optimizers["generator"].step()` as usual. It sets the learning rate of
    every optimiser before each step: the rate an optimiser was built with, times the schedule's warm-up and decay.

    Attributes:
        recipe: the resolved recipe.
        data: the data folder.
        networks: trained, checkpointed networks by name.
        optimizers: by name; every parameter must belong to one of `networks`.
        ema: names of the networks of which a running average is kept. `sample` and `bundle` get the averages.
        frozen: modules the task uses and does not train (a perceptual loss); moved to the device, never saved.
        device: where batches arrive. Set by the loop before the first step.
    """

    defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """Settings the task reads, with defaults: section -> key -> value, for `data`, `losses`, `networks`, `schedule`,
    `output`. A declared section is closed: another key in the recipe is an error with a suggestion."""

    def __init__(self, *, recipe: Recipe, data: Path) -> None:
        self.recipe = recipe
        self.data = data
        self.networks: dict[str, nn.Module] = {}
        self.optimizers: dict[str, Optimizer] = {}
        self.ema: tuple[str, ...] = ()
        self.frozen: dict[str, nn.Module] = {}
        self.device = torch.device("cpu")

    @abstractmethod
    def batches(self, *, start: int, rank: int = 0, world: int = 1) -> Iterator[Any]:
        """Batches for steps start, start + 1, ... without end; tensors in any nesting of dict, list, tuple.

        The batch of a step must depend on (recipe.seed, step, rank) only, which makes resuming exact: draw from
        `self.rng(step, rank)`, never from global generators. Runs in a background thread.
        """

    @abstractmethod
    def step(self, batch: Any, index: int, backward: Backward) -> dict[str, float]:
        """One training step on `batch` (already on the device): the task zeroes, calls `backward(loss)`, and steps
        its own optimisers. Returns the loss terms by name, unweighted, for the log."""

    @abstractmethod
    def sample(self, networks: Mapping[str, nn.Module]) -> Image.Image:
        """A sheet of samples. `networks` holds every network by name in eval mode, averaged where `ema` says so.
        Called under no_grad; torch's global generators are put back afterwards."""

    @abstractmethod
    def bundle(self, networks: Mapping[str, nn.Module], folder: Path, metadata: Mapping[str, Any]) -> None:
        """Write the loadable bundle into `folder`, from `networks` as in `sample` and on the CPU.
        `metadata` is JSON-like: recipe, step, seconds, sittings, losses, versions, finished."""

    def state(self) -> dict[str, Tensor]:
        """What else must survive a stop (an image pool), as tensors. Most tasks have nothing."""
        return {}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take back what `state` gave."""

    def adam(self, *modules: nn.Module, rate: float = 1.0) -> torch.optim.Adam:
        """Adam over the modules, as the recipe's schedule says, its learning rate times `rate`."""
        parameters = [parameter for module in modules for parameter in module.parameters()]
        schedule = self.recipe.schedule
        return torch.optim.Adam(parameters, lr=rate * schedule.lr, betas=tuple(schedule.betas))

    def rng(self, index: int, rank: int = 0) -> np.random.Generator:
        """The random generator of one step on one device: the same every time it is asked for."""
        return np.random.default_rng([self.recipe.seed, index, rank])


def channels_last(networks: Mapping[str, nn.Module]) -> dict[str, nn.Module]:
    """The networks with their convolutions' weights in the memory format that is fastest, on a CPU as on a GPU."""
    return {name: network.to(memory_format=torch.channels_last) for name, network in networks.items()}


def about_training(recipe: Recipe, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What a bundle says of itself: the recipe's [output], and how it was trained, without absolute paths."""
    settings = {key: value for key, value in facts["recipe"].items() if key != "output"}
    return {"training": _without_folders({**facts, "recipe": settings}), **recipe.output.to_dict()}


def _without_folders(value: Any) -> Any:
    """The same data, with absolute paths cut to their last part."""
    if isinstance(value, Mapping):
        return {key: _without_folders(item) for key, item in value.items()}
    return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value
