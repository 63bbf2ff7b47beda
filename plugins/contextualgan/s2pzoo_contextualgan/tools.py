"""What the joint picture can do beside photos: photo to sketch, and filling what is missing (docs/contextualgan.md).

Each is a method of a loaded model: `pipeline.complete("face.jpg", "mask.png")`. Values of `run(..., keep=True)` and
`execute`: sketch, first (z before the search), z, drawn (the sketch G makes of z), photo.
`pipeline.components["projection"].watch = f` has `f(step, z, losses)` called at each step of the search.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from s2pzoo.errors import BadInputError
from s2pzoo.pipeline.photos import read_mask, read_photos
from s2pzoo.pipeline.run import Pipeline
from s2pzoo.spec.graph import read_options
from s2pzoo.spec.ports import Port
from s2pzoo_contextualgan.joint import ContextEncoder, blend
from s2pzoo_contextualgan.projection import Known, Projection


def sketch(
    pipeline: Pipeline, photo: str | Path | Tensor | Sequence[str | Path], *, seed: int = 0, **options: Any
) -> Any:
    """The drawing that goes with a photo, by the opposite mask. `seed` and options as for `run`.

    Args:
        photo: a picture file, or a list of them; or a tensor (N,3,s,s) in [0,1], for which a tensor comes back.

    Raises:
        BadInputError: a file that is not a photo, a tensor of another shape, an empty list.
    """
    inputs = read_photos(photo, size=_side(pipeline))
    seen = torch.ones_like(inputs.tensor[:, :1])
    made = _fill(pipeline, inputs.tensor, seen, seed, **options)
    return inputs.give_back(made["sketch"], Port("sketch"))


def complete(
    pipeline: Pipeline,
    photo: str | Path | Tensor | Sequence[str | Path],
    mask: str | Path | Tensor,
    *,
    seed: int = 0,
    **options: Any,
) -> Any:
    """A photo with what is missing filled in; what is there stays as it is. `seed` and options as for
    `run`.

    Args:
        photo: as for `sketch`.
        mask: a picture as large as the photo, white where it is missing and black where it is known; or a tensor
            (N,1,s,s), 1 where it is missing.

    Raises:
        BadInputError: as for `sketch`; a mask of another size, or one that leaves nothing to go by or to fill.
    """
    inputs = read_photos(photo, size=_side(pipeline))
    if not isinstance(mask, Tensor):
        files = [] if isinstance(photo, Tensor) else [photo] if isinstance(photo, str | Path) else list(photo)
        mask = read_mask(mask, files, size=_side(pipeline)).expand(len(inputs.tensor), -1, -1, -1)
    hole = _hole(pipeline, mask, len(inputs.tensor))
    made = _fill(pipeline, inputs.tensor, 1 - hole, seed, **options)["photo"]
    return inputs.give_back(blend(inputs.tensor.to(made), made, hole.to(made)), Port("photo"))


def _hole(pipeline: Pipeline, mask: Tensor, count: int) -> Tensor:
    """A mask that can be used: of the right shape, neither empty nor full."""
    side = _side(pipeline)
    if mask.shape != (count, 1, side, side):
        raise BadInputError(
            f"A mask cannot have the shape {tuple(mask.shape)}.", fix=f"It is ({count},1,{side},{side})."
        )
    for share in mask.flatten(1).mean(1).tolist():
        if not 0 < share < 1:
            what = "leaves nothing to go by" if share else "has nothing to fill"
            fix = "Make it white where the photo is missing, and black where it is known."
            raise BadInputError(f"The mask {what}.", why="It is all of one colour.", fix=fix)
    return mask.float()


def _fill(pipeline: Pipeline, photo: Tensor, seen: Tensor, seed: int, **options: Any) -> dict[str, Tensor]:
    """Sketch and photo of the z that fits photos (N,3,s,s) best where they are seen (N,1,s,s)."""
    settings, own = read_options(pipeline.model, options), pipeline.model.step("projection").options
    settings = {option.name: settings[option.name] for option in own}
    photo, seen = photo.to(pipeline.device), seen.to(pipeline.device)
    known = Known(sketch=torch.ones_like(seen), photo=photo, sketch_known=torch.zeros_like(seen), photo_known=seen)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        encoder = cast(ContextEncoder | None, pipeline.components.get("initialiser"))
        guess = encoder.guess(known.sketch, known.photo, known.sketch_known, known.photo_known)[0] if encoder else None
        z = _projection(pipeline).faithful(known, generator, guess=guess, **settings)
        return _projection(pipeline).generator(latent=z)


def _projection(pipeline: Pipeline) -> Projection:
    """The search, with G and D."""
    return cast(Projection, pipeline.components["projection"])


def _side(pipeline: Pipeline) -> int:
    return _projection(pipeline).config.generator.side
