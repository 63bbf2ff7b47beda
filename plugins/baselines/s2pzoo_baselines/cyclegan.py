"""CycleGAN: its residual network, its objective and its step (Zhu et al., ICCV 2017)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from attrs import frozen
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from s2pzoo.interfaces import Generator
from s2pzoo.nn.blocks import init_normal
from s2pzoo.nn.resnet import ResnetGenerator
from s2pzoo.spec.fields import knob
from s2pzoo.spec.model import Model
from s2pzoo.spec.names import parse_model
from s2pzoo.spec.ports import KINDS
from s2pzoo.train.adversary import Adversary
from s2pzoo.train.recipe import Part, Recipe, part
from s2pzoo.train.sheet import sheet
from s2pzoo.train.task import Backward, Networks, Task, channels_last, numbers
from s2pzoo.train.unpaired import UnpairedBatches, UnpairedData, to_tensor
from s2pzoo_baselines.config import ResnetConfig
from s2pzoo_baselines.plugin import cycle_steps


class Resnet(Generator):
    """A picture (N,1 or 3,S,S) -> one of the other kind, (N,1 or 3,S,S); both in [0,1].

    Inside, every picture has three channels, as in the published network: one channel is shown thrice, and made as the
    mean of three. So a picture of the kind that it makes can also be put in, as the identity loss wants.
    """

    Config = ResnetConfig

    def __init__(self, config: ResnetConfig) -> None:
        super().__init__(config)
        self.network = ResnetGenerator(
            3, 3, base=config.base, downs=config.downs, blocks=config.blocks, kernel=config.kernel
        )
        self.apply(init_normal)

    def forward(self, **picture: Tensor) -> Tensor:
        x = picture[self.config.takes].expand(-1, 3, -1, -1)
        made = self.network(x * 2 - 1).tanh() / 2 + 0.5
        return made.mean(1, keepdim=True) if KINDS[self.config.gives] == 1 else made


@frozen(kw_only=True)
class CycleGANNetworks:
    generator: Part = part("baselines/resnet", help="G; F is the same network turned round")
    critic: Part = part("core/patchgan", help="D_X and D_Y", base=64, widest=512)


@frozen(kw_only=True)
class CycleGANLosses:
    adversarial: Part = part("core/lsgan", help="of both critics", was="gan_kind")


@frozen(kw_only=True)
class CycleGANWeights:
    gan: float = knob(1.0, low=0, paper=1.0, help="adversarial, eq. 1")
    cycle: float = knob(10.0, low=0, paper=10.0, help="eq. 2")
    identity: float = knob(0.0, low=0, paper=0.0, help="section 5.2, for paintings; a sketch has no colours to keep")


@frozen(kw_only=True)
class CycleGANRules:
    pool: int = knob(50, low=0, paper=50, help="past fakes that the critics are shown")


@frozen(kw_only=True)
class CycleGANRecipe(Recipe):
    data: UnpairedData = UnpairedData()
    networks: CycleGANNetworks = CycleGANNetworks()
    losses: CycleGANLosses = CycleGANLosses()
    weights: CycleGANWeights = CycleGANWeights()
    rules: CycleGANRules = CycleGANRules()


class CycleGAN(Task):
    """G: X -> Y and F: Y -> X, X sketches and Y photos that nothing pairs. The recipe's name is the bundle's."""

    Recipe = CycleGANRecipe

    def __init__(self, *, recipe: Any, data: Path) -> None:
        parse_model(recipe.name)
        super().__init__(recipe=recipe, data=data)
        self.data = UnpairedBatches(recipe.data, data, batch=recipe.schedule.batch)
        G = recipe.networks.generator.make(size=recipe.data.size)
        self.networks = channels_last({"generator": G, "sketcher": type(G)(G.config.back())})
        self.ema = ("generator", "sketcher")
        self.gan = Adversary(
            self, recipe.networks.critic, recipe.losses.adversarial, kinds=("photo", "sketch"), pool=recipe.rules.pool
        )
        self.optimizers["generators"] = self.adam(*(self.networks[name] for name in self.ema))

    def draw(self, rng: np.random.Generator) -> dict[str, Tensor]:
        return {"sketch": to_tensor(self.data.sketches(rng)), "photo": to_tensor(self.data.photos(rng))}

    def step(self, batch: dict[str, Tensor], index: int, backward: Backward) -> dict[str, float]:
        x, y, G, F_ = batch["sketch"], batch["photo"], self.networks["generator"], self.networks["sketcher"]
        made, drawn = G(sketch=x), F_(photo=y)
        terms = {
            "gan": self.gan.fool(photo=made, sketch=drawn),  # eq. 1
            "cycle": F.l1_loss(F_(photo=made), x) + F.l1_loss(G(sketch=drawn), y),  # eq. 2
        }
        if self.recipe.weights.identity:
            terms["identity"] = F.l1_loss(G(sketch=y), y) + F.l1_loss(F_(photo=x), x)
        self.minimise("generators", self.weighted(terms), backward)
        critics = self.gan.judge(backward, self.rng(index, 1), photo=(y, made), sketch=(x, drawn))
        return numbers({**terms, "critics": critics})

    def sample(self, networks: Networks) -> Image.Image:
        batch, generator, sketcher = self.data.preview(self.device), networks["generator"], networks["sketcher"]
        photo = generator(sketch=batch["sketch"])
        columns = {"sketch": batch["sketch"], "photo": photo, "and back": sketcher(photo=photo)}
        columns |= {"a photo": batch["photo"], "its sketch": sketcher(photo=batch["photo"])}
        return sheet(columns, cell=128)

    def finished(self, networks: Networks) -> tuple[Model, Networks]:
        steps = cycle_steps(networks["generator"].config)
        return Model(self.recipe.name, steps=steps, size=self.recipe.data.size), networks

    def facts(self) -> dict[str, Any]:
        return self.data.facts()
