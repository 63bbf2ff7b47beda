"""Fine-tuning of both stages together, from their own trainings (docs/ups.md). The paper trains them apart."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, cast

from attrs import evolve
from PIL import Image
from torch import Tensor, nn

from s2pzoo.errors import RecipeError
from s2pzoo.losses.content import intensity, luma
from s2pzoo.train.recipe import Recipe
from s2pzoo.train.sheet import sheet
from s2pzoo.train.start import begin, begun
from s2pzoo.weights.bundle import write_bundle
from s2pzoo_ups.content import ContentEnhancement
from s2pzoo_ups.plugin import content_steps, shape_steps
from s2pzoo_ups.stage1 import Stage1, Terms
from s2pzoo_ups.stage2 import content_preset, own_terms, recoloured


class Joint(Stage1):
    """T, T' and C: the losses of stage 1, and C on what T makes, judged by D_I and by the intensity loss.

    C learns from gray photos that are not photos; T that its gray is going to be painted. D_G and the intensity loss
    hold gray to what it was. Real photos in random colours, their own references, have to come back as in stage 2
    (`own_l1`, `own_chroma`): without them C forgot colours within minutes. Its bundle is the whole model; with
    `--minutes 0` that of both stages as they were.
    """

    kinds: ClassVar[Mapping[str, int]] = {**Stage1.kinds, "photo": 3}
    defaults: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        **Stage1.defaults,
        "networks": {
            **Stage1.defaults["networks"],
            "start": {"stage1": "", "stage2": ""},  # the folders that the stages wrote
            "content": {"preset": "light128"},
        },
        "losses": {**Stage1.defaults["losses"], "intensity": 10.0, "own_l1": 10.0, "own_chroma": 20.0},
    }

    def __init__(self, *, recipe: Recipe, data: Path) -> None:
        start = recipe.networks.start
        for stage, folder in start.to_dict().items():
            if not folder:
                raise RecipeError(
                    "Fine-tuning needs both stages.", why=f"networks.start.{stage} is empty.",
                    fix=f"Set it to the folder that ups/{stage} wrote.",
                )  # fmt: skip
        super().__init__(recipe=recipe, data=data)
        network = ContentEnhancement(evolve(content_preset(recipe.networks.content.preset), size=recipe.data.size))
        begin({"content": network}, start.stage2)
        self.add_generators(content=network)

    def starts(self) -> dict[str, str]:
        return self.recipe.networks.start.to_dict()

    def real(self, batch: Mapping[str, Tensor]) -> Terms:
        return {**super().real(batch), "photo": batch["photo"]}

    def translate(self, batch: Mapping[str, Tensor], real: Terms, index: int) -> tuple[Terms, Terms]:
        terms, fakes = super().translate(batch, real, index)
        photo = self.networks["content"](gray=fakes["gray"])
        terms["intensity"] = intensity(photo, fakes["gray"])
        own = recoloured(batch["photo"], self.rng(index, 4))
        terms |= own_terms(self.networks["content"](gray=luma(own), reference=own), own)
        return terms, {**fakes, "photo": photo}

    def sample(self, networks: Mapping[str, nn.Module]) -> Image.Image:
        batch = self.preview_batch()
        made = networks["translator"](sketch=batch["sketch"])
        gray = made["gray"] if isinstance(made, dict) else made
        columns = {"sketch": batch["sketch"], "gray": gray, "photo": networks["content"](gray=gray)}
        for shift in range(3):
            reference = batch["photo"].roll(shift, 0)
            columns |= {f"reference {shift + 1}": reference}
            columns |= {f"with {shift + 1}": networks["content"](gray=gray, reference=reference)}
        return sheet({**columns, "clean sketch": networks["sketcher"](gray=gray)}, cell=128)

    def bundle(self, networks: Mapping[str, nn.Module], folder: Path, metadata: Mapping[str, Any]) -> None:
        shape, content = (cast(Any, networks[name]).config for name in ("translator", "content"))
        steps = (*shape_steps(shape), *content_steps(content))
        write_bundle(
            folder, model_name=self.recipe.name, steps=steps,
            components={step.name: networks[step.name] for step in steps},
            metadata=self.about({**metadata, **begun(self.starts())}), dtype="float16",
        )  # fmt: skip
