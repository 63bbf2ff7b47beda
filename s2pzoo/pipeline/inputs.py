"""What goes into a pipeline and how it comes out: one or many, pictures for pictures, tensors for tensors."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from io import IOBase
from pathlib import Path
from typing import Any

import numpy as np
import torch
from attrs import field, frozen
from PIL import Image
from torch import Tensor

from s2pzoo.errors import BadInputError, PluginFailedError, UsageError
from s2pzoo.imaging.fetch import is_address
from s2pzoo.imaging.formats import members
from s2pzoo.imaging.read import Fit, read_sequence, read_sketch
from s2pzoo.imaging.sequence import padded
from s2pzoo.imaging.strokes import Strokes
from s2pzoo.spec.ports import KINDS, Port, connect

_ONE = (str, os.PathLike, bytes, bytearray, memoryview, IOBase, Image.Image, np.ndarray, Strokes, Tensor)
_DRAWN = ("sketch", "edge", "gray")
_SLACK = 1e-3  # of the range [0,1], for rounding


@frozen(kw_only=True)
class Inputs:
    """Drawings that were read, as one batch.

    Attributes:
        tensor: (N, ...) on the input port.
        many: whether a list, or a batch of tensors, was given.
        as_tensor: whether tensors were given, and are to be given back.
        listed: whether it was a list.
        notes: for each drawing, what was decided while reading it.
        sources: for each drawing, where it came from.
    """

    tensor: Tensor = field(eq=False)
    many: bool
    as_tensor: bool = False
    listed: bool = False
    notes: tuple[tuple[str, ...], ...] = ()
    sources: tuple[str, ...] = ()

    def give_back(self, value: Tensor, port: Port) -> Any:
        """A value (N, ...) in the form and number the drawings came in: PIL images, or tensors for tensors.

        A value that is no picture comes back as a tensor in any case.
        """
        if self.as_tensor or not KINDS.get(port.kind):
            items = list(value) if self.listed else value
        else:
            items = to_images(value)
        return items if self.many else items[0]


def read_inputs(given: Any, port: Port, *, fit: Fit = False, **how: Any) -> Inputs:
    """Read one drawing or a list of them for an input port.

    Args:
        given: a path, bytes, an open file, PIL image, array, strokes; or a tensor (C,H,W) or (N,C,H,W) in [0,1] of the
            port's size, taken as it is; or a list of such things.
        port: what the pipeline takes.
        fit, how: see `imaging.read.read_sketch`. Tensors are taken as they are; True is not for them.

    Raises:
        BadInputError: a drawing that cannot be read, a tensor that does not fit the port, an empty list.
        UsageError: `fit` with tensors.
    """
    listed = isinstance(given, list | tuple) and (not given or _is_drawing(given[0]))
    items: Sequence[Any] = given if listed else [given]
    if not items:
        raise BadInputError("No drawing was given.", fix="Give one, or a list of at least one.")
    tensors = [isinstance(item, Tensor) for item in items]
    if any(tensors):
        if not all(tensors):
            raise BadInputError("A list holds tensors and other things.", fix="Give all as tensors, or none.")
        if fit is True:
            raise UsageError("fit=True is for pictures and strokes, not for tensors.", fix="Leave it out.")
        return _from_tensors(items, port, listed=listed)
    if port.kind == "strokes":
        items = [one for item in items for one in (members(Path(item)) if _is_file(item) else [item])]
        drawn = [read_sequence(item, fit=fit, **how) for item in items]
        many = listed or len(items) > 1
        return Inputs(
            tensor=torch.from_numpy(padded([one.points for one in drawn])), many=many, listed=many,
            notes=tuple(one.notes for one in drawn), sources=tuple(Path(one.source).name for one in drawn),
        )  # fmt: skip
    if port.kind not in _DRAWN or not isinstance(port.size, int):
        raise BadInputError(f"This pipeline takes {port}.", why="Only drawings are read from pictures.",
                            fix="Give a tensor.")  # fmt: skip
    items = [one for item in items for one in (members(Path(item)) if _is_file(item) else [item])]
    read = [read_sketch(item, size=port.size, fit=fit, **how) for item in items]
    many = listed or len(items) > 1  # a file may hold a drawing a line
    return Inputs(
        tensor=torch.from_numpy(np.stack([sketch.ink for sketch in read])).unsqueeze(1),
        many=many,
        listed=many,
        notes=tuple(sketch.notes for sketch in read),
        sources=tuple(Path(sketch.source).name for sketch in read),
    )


def to_images(value: Tensor) -> list[Image.Image]:
    """(N,3,H,W) -> RGB pictures, (N,1,H,W) -> grey ones; [0,1], what lies outside is clipped."""
    pixels = value.detach().clamp(0, 1).mul(255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().cpu().numpy()
    return [Image.fromarray(one[..., 0] if one.shape[-1] == 1 else one) for one in pixels]


def as_picture(made: Any, maker: str) -> Image.Image:
    """What a family's extra gave, a PIL image or a tensor (C,H,W) or (1,C,H,W), as a picture.

    Raises:
        PluginFailedError: it is neither.
    """
    if isinstance(made, Image.Image):
        return made
    if isinstance(made, Tensor) and made.dim() in (3, 4):
        return to_images(made if made.dim() == 4 else made[None])[0]
    raise PluginFailedError(f"{maker} gave a {type(made).__name__}, not a picture.")


def _is_file(item: Any) -> bool:
    return isinstance(item, str | os.PathLike) and not is_address(item)


def _is_drawing(item: Any) -> bool:
    """Whether an item of a list is a drawing of its own; else the list is one drawing, a list of strokes."""
    return isinstance(item, _ONE) or hasattr(item, "read") or (isinstance(item, Mapping) and "strokes" in item)


def _from_tensors(items: Sequence[Tensor], port: Port, *, listed: bool) -> Inputs:
    dims = len(port.shape)
    single = not listed and items[0].dim() == dims - 1
    parts = []
    for item in items:
        part = item if item.dim() == dims and not listed else item.unsqueeze(0)
        _check_tensor(part, port, shown=tuple(item.shape))
        parts.append(part.to(torch.float32))
    if len({part.shape for part in parts}) > 1:
        raise BadInputError("The tensors of the list differ in shape.", fix="Give them one by one.")
    tensor = torch.cat(parts)
    count = len(tensor)
    return Inputs(
        tensor=tensor, many=not single, as_tensor=True, listed=listed, notes=((),) * count,
        sources=("tensor",) * count,
    )  # fmt: skip


def _check_tensor(part: Tensor, port: Port, *, shown: tuple[int, ...]) -> None:
    fix = f"Give {port} as floats in [0,1]." if KINDS.get(port.kind) else f"Give {port}."
    if part.dim() != len(port.shape) or not len(part):
        raise BadInputError(f"A tensor of shape {shown} does not fit.", fix=fix)
    if not part.is_floating_point():
        raise BadInputError(f"A tensor of {part.dtype} does not fit.", fix=f"{fix} (uint8: divide by 255.)")
    if any(isinstance(want, int) and want != has for want, has in zip(port.shape, part.shape, strict=True)):
        raise BadInputError(f"A tensor of shape {shown} does not fit.", fix=fix)
    if not bool(torch.isfinite(part).all()):
        raise BadInputError("The tensor holds NaN or infinity.", fix=fix)
    if KINDS.get(port.kind):
        misfits = connect(Port(port.kind, size=(part.shape[-2], part.shape[-1])), port)
        low, high = float(part.min()), float(part.max())
        if misfits:
            raise BadInputError(f"A tensor of shape {shown} does not fit.", why=misfits[0], fix=fix)
        if low < -_SLACK or high > 1 + _SLACK:
            raise BadInputError(f"The tensor goes from {low:.3g} to {high:.3g}.", fix=fix)
