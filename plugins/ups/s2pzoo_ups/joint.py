"""Fine-tuning of both stages together, from their own trainings (docs/ups.md). The paper trains them apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from attrs import asdict, evolve, frozen
from PIL import Image
from torch import Tensor

from s2pzoo.errors import RecipeError
from s2pzoo.nn.colour import luma
from s2pzoo.spec.fields import knob
from s2pzoo.spec.model import Model, Step
from s2pzoo.train.recipe import preset
from s2pzoo.train.sheet import sheet
from s2pzoo.train.start import begin
from s2pzoo.train.task import Networks, channels_last
from s2pzoo_ups.config import CONTENTS
from s2pzoo_ups.content import ContentEnhancement, intensity, own_terms, recoloured
from s2pzoo_ups.plugin import shape_steps
from s2pzoo_ups.shape import Stage1, Stage1Networks, Stage1Recipe, Stage1Weights, Terms, opened


@frozen(kw_only=True)
class Starts:
    """The folders that the stages wrote."""

    stage1: str = knob("", help="of ups/stage1")
    stage2: str = knob("", help="of ups/stage2")


@frozen(kw_only=True)
class Content:
    """C."""

    preset: str = knob("light128", help=f"one of {', '.join(CONTENTS)}")
    colour: str = knob("", help="in which the model paints unless another is asked for; see the config")


@frozen(kw_only=True)
class JointNetworks(Stage1Networks):
    start: Starts = Starts()  # pyright: ignore[reportIncompatibleVariableOverride]
    content: Content = Content()


@frozen(kw_only=True)
class JointWeights(Stage1Weights):
    intensity: float = knob(10.0, low=0, help="of the photo of T's gray")
    own_l1: float = knob(10.0, low=0, help="real photos in random colours, their own references, come back")
    own_chroma: float = knob(20.0, low=0, help="the same, their colours alone")


@frozen(kw_only=True)
class JointRecipe(Stage1Recipe):
    networks: JointNetworks = JointNetworks()
    weights: JointWeights = JointWeights()


class Joint(Stage1):
    """T, T' and C: the losses of stage 1, and C on what T makes, judged by D_I and by the intensity loss.

    C learns from gray photos that are not photos; T that its gray is going to be painted. D_G and the intensity loss
    hold gray to what it was. Real photos in random colours, their own references, have to come back as in stage 2:
    without them C forgot colours within minutes. Its bundle is the whole model; with `--minutes 0` that of both stages
    as they were.
    """

    Recipe = JointRecipe
    kinds = (*Stage1.kinds, "photo")

    def __init__(self, *, recipe: Any, data: Path) -> None:
        for stage, folder in asdict(recipe.networks.start).items():
            if not folder:
                raise RecipeError(
                    "Fine-tuning needs both stages.", why=f"networks.start.{stage} is empty.",
                    fix=f"Set it to the folder that ups/{stage} wrote.",
                )  # fmt: skip
        super().__init__(recipe=recipe, data=data)
        wanted = recipe.networks.content
        config = evolve(preset(CONTENTS, wanted.preset), colour=wanted.colour, size=recipe.data.size)
        C = ContentEnhancement(config)
        begin({"content": C}, recipe.networks.start.stage2)
        self.networks |= channels_last({"content": C})
        self.ema = (*self.ema, "content")
        self.optimizers["generators"] = self.adam(*(self.networks[name] for name in self.ema))

    def starts(self) -> dict[str, str]:
        return asdict(self.recipe.networks.start)

    def objective(self, batch: Terms, G: Tensor, index: int) -> tuple[Terms, Terms]:
        terms, fakes = super().objective(batch, G, index)
        photo = self.networks["content"](gray=fakes["gray"])
        terms["intensity"] = intensity(photo, fakes["gray"])
        own = recoloured(batch["photo"], self.rng(index, 4))
        terms |= own_terms(self.networks["content"](gray=luma(own), reference=own), own)
        return terms, {**fakes, "photo": photo}

    def sample(self, networks: Networks) -> Image.Image:
        batch = self.data.preview(self.device)
        (gray, _), C = opened(networks["translator"](sketch=batch["sketch"])), networks["content"]
        columns = {"sketch": batch["sketch"], "gray": gray, "photo": C(gray=gray)}
        for number in (1, 2, 3):
            reference = batch["photo"].roll(number - 1, 0)
            columns |= {f"reference {number}": reference, f"with {number}": C(gray=gray, reference=reference)}
        return sheet({**columns, "clean sketch": networks["sketcher"](gray=gray)}, cell=128)

    def finished(self, networks: Networks) -> tuple[Model, Networks]:
        steps = (*shape_steps(networks["translator"].config), Step("content", networks["content"].config))
        return Model(self.recipe.name, steps=steps, size=self.recipe.data.size), networks
