"""What a plugin writes to be trained: its networks, its optimisers, one explicit step."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.optim import Optimizer

from s2pzoo.nn.encoding import origins
from s2pzoo.pipeline.run import save_bundle
from s2pzoo.spec.model import Model
from s2pzoo.train.ahead import side_by_side
from s2pzoo.train.recipe import Recipe

Backward = Callable[[Tensor], None]
Networks = Mapping[str, Any]


class Task(ABC):
    """One training. A subclass fills the attributes in `__init__` and writes the four abstract methods.

    It has its data, its networks and its critics (`train.adversary`); it inherits none of them.

    The loop seeds torch with `recipe.seed` before it builds the task, so initial weights repeat.
    It then wraps `networks` and `optimizers` in place for the device and precision; inside `step`, call
    `self.networks["generator"](...)` and `self.minimise("generator", loss, backward)`. It sets the learning rate of
    every optimiser before each step: the rate an optimiser was built with, times the schedule's warm-up and decay.

    Attributes:
        recipe: of the class `Recipe`.
        networks: trained, checkpointed networks by name.
        optimizers: by name; every parameter must belong to one of `networks`.
        ema: names of the networks of which a running average is kept. `sample` and `finished` get the averages.
        frozen: modules the task uses and does not train (its losses); moved to the device, never saved.
        named: steps of what is `finished` that are parts of other models: which, `family.variant:step`. The bundle
            keeps these names in place of weights.
        about: what the bundle says about itself where the recipe's `output` does not: see `weights.manifest.METADATA`.
        kept: what else must survive a stop, as the past fakes of an Adversary, which adds itself.
        device: where batches arrive. Set by the loop before the first step.
    """

    Recipe: ClassVar[type[Recipe]] = Recipe

    def __init__(self, *, recipe: Any, data: Path) -> None:
        self.recipe = recipe
        self.networks: dict[str, nn.Module] = {}
        self.optimizers: dict[str, Optimizer] = {}
        self.ema: tuple[str, ...] = ()
        self.frozen: dict[str, Any] = {}
        self.named: dict[str, str] = {}
        self.about: dict[str, Any] = {}
        self.kept: list[Any] = []
        self.device = torch.device("cpu")

    @abstractmethod
    def draw(self, rng: np.random.Generator) -> Any:
        """The batch of one step: tensors in any nesting of dict, list, tuple. Runs in a background thread.

        It must depend on `rng` alone, which makes resuming exact.
        """

    @abstractmethod
    def step(self, batch: Any, index: int, backward: Backward) -> dict[str, float]:
        """One training step on `batch` (already on the device). Returns the loss terms by name, unweighted."""

    @abstractmethod
    def sample(self, networks: Networks) -> Image.Image:
        """A sheet of samples. `networks` holds every network by name in eval mode, averaged where `ema` says so.
        Called under no_grad; torch's global generators are put back afterwards."""

    @abstractmethod
    def finished(self, networks: Networks) -> tuple[Model, Networks]:
        """What was trained: a model, or a part of one, and its networks by step; `networks` as in `sample`."""

    def facts(self) -> dict[str, Any]:
        """What the bundle says it was trained on."""
        return {}

    def state(self) -> dict[str, Tensor]:
        """The tensors of what is `kept`, by name."""
        return {name: value for one in self.kept for name, value in one.state().items()}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take back what `state` gave."""
        for one in self.kept:
            one.load_state(state)

    def batches(self, *, start: int, rank: int = 0, workers: int = 0) -> Iterator[Any]:
        """Batches for steps start, start + 1, ... without end, drawn by so many processes; 0: by this one."""

        def draw(step: int) -> Any:
            return self.draw(self.rng(step, rank))

        steps = itertools.count(start)
        ahead = self.recipe.schedule.prefetch
        return side_by_side(draw, steps, workers=workers, depth=ahead) if workers else map(draw, steps)

    def some_batches(self, count: int) -> Iterator[Any]:
        """The first few batches of the training, on the device."""
        for batch in itertools.islice(self.batches(start=0), count):
            yield {name: tensor.to(self.device) for name, tensor in batch.items()}

    def bundle(self, networks: Networks, folder: Path, metadata: Mapping[str, Any]) -> None:
        """Write what `finished` gives. `metadata`: recipe, step, seconds, losses, versions, finished."""
        model, parts = self.finished(networks)
        recipe = {key: value for key, value in self.recipe.to_dict().items() if key != "output"}
        begun = {"pretrained": found} if (found := origins(*self.networks.values())) else {}
        training = _without_folders({**self.facts(), **begun, **metadata, "recipe": recipe})
        about = {**self.about, "training": training, **self.recipe.about()}
        save_bundle(folder, model, parts, about=about, named=self.named, dtype="float16")

    def adam(self, *modules: nn.Module, rate: float = 1.0) -> Optimizer:
        """Adam over the modules, as the recipe's schedule says, its learning rate times `rate`."""
        parameters = [parameter for module in modules for parameter in module.parameters()]
        schedule = self.recipe.schedule
        settings = {"betas": schedule.betas, "weight_decay": schedule.weight_decay}
        return torch.optim.AdamW(parameters, lr=rate * schedule.lr, **settings)

    def minimise(self, name: str, loss: Tensor, backward: Backward) -> None:
        """One step of the optimiser `name` down the gradient of `loss`."""
        self.optimizers[name].zero_grad()
        backward(loss)
        self.optimizers[name].step()

    def weighted(self, terms: Mapping[str, Tensor]) -> Tensor:
        """sum_k w_k L_k, the recipe's `weights` of the terms of the same names."""
        return torch.stack([getattr(self.recipe.weights, name) * term for name, term in terms.items()]).sum()

    def rng(self, index: int, rank: int = 0) -> np.random.Generator:
        """The random generator of one step on one device: the same every time it is asked for."""
        return np.random.default_rng([self.recipe.seed, index, rank])


def numbers(terms: Mapping[str, Tensor | float]) -> dict[str, float]:
    """Loss terms for the log."""
    return {name: term.item() if isinstance(term, Tensor) else term for name, term in terms.items()}


def channels_last(networks: Mapping[str, nn.Module]) -> dict[str, nn.Module]:
    """The networks with their convolutions' weights in the memory format that is fastest, on a CPU as on a GPU."""
    return {name: network.to(memory_format=torch.channels_last) for name, network in networks.items()}


def _without_folders(value: Any) -> Any:
    """The same data, with absolute paths cut to their last part."""
    if isinstance(value, Mapping):
        return {key: _without_folders(item) for key, item in value.items()}
    return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value
