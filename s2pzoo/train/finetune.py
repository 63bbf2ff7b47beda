"""Any composition, trained on from end to end: drawings x, photos y, the parts that are not frozen in between.

The objective of image-to-image translation (Isola et al. 2017, with the perceptual and feature-matching terms of
pix2pixHD): L1, features of a network, a critic of photos.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from attrs import frozen
from PIL import Image
from torch import Tensor

from s2pzoo.errors import RecipeError
from s2pzoo.interfaces import Component
from s2pzoo.nn.adapters import resized
from s2pzoo.pipeline.run import by_port
from s2pzoo.spec import graph
from s2pzoo.spec.fields import knob
from s2pzoo.spec.model import Model
from s2pzoo.spec.names import hint
from s2pzoo.spec.ports import KINDS
from s2pzoo.train.calibrate import recalibrate
from s2pzoo.train.paired import PairedBatches, PairedData, PhotoLosses, PhotoObjective, PhotoRules
from s2pzoo.train.recipe import Part, Recipe, part
from s2pzoo.train.sheet import sheet
from s2pzoo.train.task import Backward, Networks, Task, channels_last, numbers
from s2pzoo.zoo import compose


@frozen(kw_only=True)
class FinetuneNetworks:
    composition: str = knob("", help="the TOML file of a composition, or a model or trained part")
    freeze: str = knob("", help="steps that stay as they are: names, joined by commas")
    critic: Part = part("core/multiscale-patchgan", help="of photos", base=32, widest=128, scales=2)


@frozen(kw_only=True)
class FinetuneWeights:
    l1: float = knob(10.0, low=0, help="on [0,1]")
    perceptual: float = knob(1.0, low=0, help="features of a network")
    gan: float = knob(1.0, low=0, help="adversarial")
    feature_matching: float = knob(10.0, low=0, help="features of the critic")


@frozen(kw_only=True)
class FinetuneRecipe(Recipe):
    data: PairedData = PairedData()
    networks: FinetuneNetworks = FinetuneNetworks()
    losses: PhotoLosses = PhotoLosses()
    weights: FinetuneWeights = FinetuneWeights()
    rules: PhotoRules = PhotoRules()


class Finetune(Task):
    """The steps of a composition, those that are not frozen trained; `finished` names the frozen ones by their models.

    Raises:
        RecipeError: no composition, no photo comes out, a step to freeze that is none, nothing left to train, or a step
            that cannot be trained through.
    """

    Recipe = FinetuneRecipe

    def __init__(self, *, recipe: Any, data: Path) -> None:
        super().__init__(recipe=recipe, data=data)
        wanted = recipe.networks
        if not wanted.composition:
            raise RecipeError("There is nothing to train on.", fix="Give the TOML file of a composition.")
        file = wanted.composition.endswith(".toml")
        pipeline = compose(wanted.composition if file else [wanted.composition], name=recipe.name, untrained="allow")
        self.model = pipeline.model
        port = self.model.values[self.model.output]
        if port.kind != "photo":
            raise RecipeError(f"{self.model.name} makes a {port.kind}.", why="Its photos are compared with true ones.")
        self.steps = graph.needed(self.model, [self.model.input], [self.model.output])
        kept = [name.strip() for name in wanted.freeze.split(",") if name.strip()]
        trained = {step.name: pipeline.components[step.name] for step in self.steps if step.name not in kept}
        trained = {name: network for name, network in trained.items() if list(network.parameters())}
        _check(kept, self.model, trained)
        self.networks = channels_last({name: one.requires_grad_(True) for name, one in trained.items()})
        self.aside = {name: one.eval() for name, one in pipeline.components.items() if name not in trained}
        self.frozen |= {f"part {name}": one.requires_grad_(False) for name, one in self.aside.items()}  # beside losses
        self.named = {name: part for name, part in pipeline.named.items() if name in self.aside}
        self.about = {key: value for key, value in pipeline.metadata.items() if key == "licence"}
        self.ema = tuple(trained)
        self.optimizers["parts"] = self.adam(*trained.values())
        self.data = PairedBatches(recipe.data, data, batch=recipe.schedule.batch)
        self.objective = PhotoObjective(self)

    def draw(self, rng: np.random.Generator) -> dict[str, Tensor]:
        return self.data.draw(rng)

    def run(self, networks: Mapping[str, Any], sketch: Tensor) -> dict[str, Tensor]:
        """Every value on the way from drawings (N,1,S,S) of any size to photos, by name."""
        values = {self.model.input: resized(sketch, self.model.size)}
        parts = {**self.aside, **networks}
        for step in self.steps:
            given = parts[step.name](**{port: values[value] for port, value in step.inputs.items()})
            values |= {step.outputs[port]: value for port, value in by_port(given, step).items()}
        return values

    def step(self, batch: dict[str, Tensor], index: int, backward: Backward) -> dict[str, float]:
        fake = self.run(self.networks, batch["sketch"])[self.model.output]
        y = resized(batch["photo"], fake.shape[-1])
        terms, judged = self.objective(fake, y, index, backward)
        self.minimise("parts", self.weighted(terms), backward)
        if index == 0:
            self._check_reached()
        return numbers({**terms, **judged})

    def _check_reached(self) -> None:
        """Raises RecipeError where no gradient comes to a part, as behind a search for neighbours."""
        for name in self.ema:
            grads = [parameter.grad for parameter in self.networks[name].parameters()]
            if not any(grad is not None and grad.any() for grad in grads):
                raise RecipeError(
                    f"Step {name!r} of {self.model.name} cannot learn.",
                    why="Nothing of the loss comes back to it: a step after it searches or chooses.",
                    fix=f"Freeze it: freeze={name}, with what else you freeze.",
                )

    def _calibrate(self, networks: Networks) -> None:
        def run() -> None:
            for batch in self.some_batches(16):
                self.run(networks, batch["sketch"])

        recalibrate([networks[name] for name in self.ema], run)

    def sample(self, networks: Networks) -> Image.Image:
        """The drawing, every picture on the way, the photo, the truth."""
        self._calibrate(networks)
        batch = self.data.preview(self.device)
        values = self.run(networks, batch["sketch"])
        pictures = {name: value for name, value in values.items() if KINDS.get(self.model.values[name].kind)}
        return sheet({**pictures, "truth": batch["photo"]})

    def finished(self, networks: Networks) -> tuple[Model, Networks]:
        self._calibrate(networks)
        return self.model, {**{name: networks[name] for name in self.ema}, **self.aside}

    def facts(self) -> dict[str, Any]:
        return self.data.facts()


def _check(kept: list[str], model: Model, trained: Mapping[str, Component]) -> None:
    names = [step.name for step in model.steps]
    if unknown := next((name for name in kept if name not in names), ""):
        why = f"It has: {', '.join(names)}."
        raise RecipeError(f"{model.name} has no step {unknown!r} to freeze.", why=why, fix=hint(unknown, names))
    if not trained:
        raise RecipeError("Nothing is left to train.", why=f"Its steps are {', '.join(names)}.", fix="Freeze fewer.")
    for name, network in trained.items():
        if network.needs_grad or network.wants_generator:
            why = "It searches, or draws at random, where it is run."
            raise RecipeError(f"Step {name!r} cannot be trained here.", why=why, fix=f"Freeze it: freeze={name}.")
