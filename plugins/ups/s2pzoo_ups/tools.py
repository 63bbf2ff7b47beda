"""What UPS does beside photos: references, the automatic sketcher, sketch cleaning, the attention as a picture.

Each is a method of a loaded model: `pipeline.sketch("shoe.jpg")`. Values of `run(..., keep=True)` and `execute`:
sketch, gray, attention, clean_sketch (T' of gray), photo.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from s2pzoo.errors import UsageError
from s2pzoo.nn.colour import luma
from s2pzoo.pipeline.inputs import to_images
from s2pzoo.pipeline.photos import read_photos
from s2pzoo.pipeline.run import Pipeline
from s2pzoo.spec.ports import Port

SHADE = 0.75  # how much of the attention's colour lies over the sketch where it is full


def sketch(pipeline: Pipeline, photo: str | Path | Tensor | Sequence[str | Path], **options: Any) -> Any:
    """T', the automatic sketcher: the drawing a person might make of a photo.

    Args:
        photo: a picture file, or a list of them; or a tensor (N,3,S,S) in [0,1], for which a tensor comes back.

    Raises:
        BadInputError: a file that is not a photo, a tensor of another shape, an empty list.
    """
    inputs = read_photos(photo, size=pipeline.components["sketcher"].config.size)
    gray = luma(inputs.tensor.to(pipeline.device))
    drawn = pipeline.execute({"gray": gray}, ("clean_sketch",), **options)["clean_sketch"]
    return inputs.give_back(drawn, pipeline.model.values["clean_sketch"])


def clean(pipeline: Pipeline, sketch: Any, *, fit: bool | str = "auto", **options: Any) -> Any:
    """T'(T(S)): the same drawing with less of what does not belong to it. `sketch` and `fit` as for `run`."""
    inputs = pipeline.read(sketch, fit=fit)
    made = pipeline.execute({"sketch": inputs.tensor}, ("clean_sketch",), **options)["clean_sketch"]
    return inputs.give_back(made, pipeline.model.values["clean_sketch"])


def attention(pipeline: Pipeline, sketch: Any, *, fit: bool | str = "auto", **options: Any) -> Any:
    """Where strokes are taken for distracting: the attention in red over the drawing.

    Raises:
        UsageError: a network without attention.
    """
    if "attention" not in pipeline.model.values:
        raise UsageError(f"{pipeline.model.name} has no attention.", why="Its translator was built without.")
    inputs = pipeline.read(sketch, fit=fit)
    made = pipeline.execute({"sketch": inputs.tensor}, ("attention",), **options)["attention"]
    red = inputs.tensor.new_tensor([0.85, 0.1, 0.1])[:, None, None]
    over = SHADE * F.interpolate(made, inputs.tensor.shape[-2:], mode="bilinear").to(inputs.tensor)
    return inputs.give_back(torch.lerp(inputs.tensor.expand(-1, 3, -1, -1), red, over), Port("photo"))


def styles(
    pipeline: Pipeline, sketch: Any, references: Sequence[str | Path], *, fit: bool | str = "auto", **options: Any
) -> list[Image.Image]:
    """One drawing's photos in the colours of many references.

    Raises:
        UsageError: more than one drawing, no reference.
        BadInputError: the drawing, or a reference that is not a photo.
    """
    inputs = pipeline.read(sketch, fit=fit)
    if len(inputs.tensor) != 1:
        raise UsageError("styles takes one drawing.", fix="Call it once for each.")
    if not references:
        raise UsageError("styles wants references.", fix="Give the file of at least one picture.")
    gray = pipeline.execute({"sketch": inputs.tensor}, ("gray",), **options)["gray"]
    made = [pipeline.execute({"gray": gray}, ("photo",), reference=one, **options)["photo"] for one in references]
    return to_images(torch.cat(made))
