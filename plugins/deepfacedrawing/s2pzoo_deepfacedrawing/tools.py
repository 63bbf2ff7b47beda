"""What the paper builds on the network: shadow, refined sketches, morphing, copy-paste (docs/deepfacedrawing.md).

Each is a method of a loaded model: `pipeline.shadow("face.png")`. Values of `run(..., keep=True)` and `execute`:
sketch, codes (N,P,D) as drawn, refined (N,P,D) as projected, features, photo, refined_sketch. With the `codes` of a
drawing kept, a changed `blend` costs no encoding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from PIL import Image
from torch import Tensor

from s2pzoo.errors import BadOptionError, UnknownOptionError, UsageError
from s2pzoo.pipeline.inputs import to_images
from s2pzoo.pipeline.run import Pipeline
from s2pzoo.spec.graph import read_options
from s2pzoo.spec.names import suggest
from s2pzoo_deepfacedrawing.config import Face, Window
from s2pzoo_deepfacedrawing.embedding import ComponentDecoders
from s2pzoo_deepfacedrawing.manifold import ManifoldProjection

RAMP = 0.25  # share of a window's side over which its shadow fades out; the released code has 0.2 to 0.3
DARKEST = 0.4  # the shadow is at most this grey
EYES = ("left_eye", "right_eye")
MOVING = ("faithfulness", "blend", "traits")  # options that move a code, whose neighbours stay the same


def refine(pipeline: Pipeline, sketch: Any, *, fit: bool | str = "auto", **options: Any) -> Any:
    """A plausible drawing from a poor one: project, decode with the image decoders, merge. Options as for `run`."""
    inputs = pipeline.read(sketch, fit=fit)
    values = pipeline.execute({"sketch": inputs.tensor}, ("refined_sketch",), **options)
    return inputs.give_back(values["refined_sketch"], pipeline.model.values["refined_sketch"])


def shadow(pipeline: Pipeline, sketch: Any, *, strokes: bool = True, fit: bool | str = "auto", **options: Any) -> Any:
    """The guidance image under a drawing: its neighbours' lines, the more alike the darker, never above 40 % grey.

    Args:
        sketch: as for `run`; an empty one gives a blend of faces.
        strokes: draw the sketch itself over its shadow.
        fit: as for `run`.
        **options: solver, neighbours, gender, age, text; `faithfulness`, `blend` and `traits` change nothing here.
    """
    inputs = pipeline.read(sketch, fit=fit)
    settings, own = read_options(pipeline.model, options), pipeline.model.step("manifold").options
    chosen = {option.name: settings[option.name] for option in own if option.name not in MOVING}
    with torch.no_grad():
        drawn = inputs.tensor.to(pipeline.device)
        manifold = cast(ManifoldProjection, pipeline.components["manifold"])
        found = manifold.neighbours(pipeline.components["encoder"](sketch=drawn), **chosen)
        paper = 1 - DARKEST * _shadow_ink(pipeline, found.codes, found.weights).clamp(0, 1)
    return inputs.give_back(paper * drawn if strokes else paper, pipeline.model.values["sketch"])


def morph(
    pipeline: Pipeline, a: Any, b: Any, t: float | Mapping[str, float] | Sequence[float] = 0.5, **options: Any
) -> Image.Image | list[Image.Image]:
    """The photo between two drawings, or one for each of several `t`.

    Args:
        a, b: drawings.
        t: 0 is `a`, 1 is `b`. A mapping gives each component its own; those it does not name follow its `all`, or
            stay at 0.5.
        **options: of the projection, see `s2pzoo info`.

    Raises:
        UnknownOptionError: a component that is none.
        BadOptionError: t outside 0 to 1.
    """
    steps = torch.cat([_timing(pipeline, one) for one in (t if isinstance(t, Sequence) else [t])])
    first, second = _refined(pipeline, [a, b], **options).split(1)
    frames = _photos(pipeline, first + steps.to(pipeline.device) * (second - first))
    return frames if isinstance(t, Sequence) else frames[0]


def mix(pipeline: Pipeline, *, blend: Mapping[str, float] | None = None, **components: Any) -> Image.Image:
    """Copy and paste: each component from a drawing of its own, `mix(remainder=a, eyes=b, mouth=c)`.

    Args:
        blend: as for `run`.
        **components: component (or `eyes` for both) to drawing. What is not named comes from the remainder's.

    Raises:
        UsageError: no remainder.
        UnknownOptionError: a component that is none.
    """
    if "eyes" in components:
        components = {**dict.fromkeys(EYES, components.pop("eyes")), **components}
    _check_names(pipeline, components)
    if "remainder" not in components:
        raise UsageError(
            "mix needs a drawing for the remainder.", why="It gives the face that the other parts are put into.",
            fix="Name one: remainder=drawing.",
        )  # fmt: skip
    options = {} if blend is None else {"blend": blend}
    refined = dict(zip(components, _refined(pipeline, list(components.values()), **options), strict=True))
    mixed = [refined.get(name, refined["remainder"])[index] for index, name in enumerate(_face(pipeline).names)]
    return _photos(pipeline, torch.stack(mixed)[None])[0]


def _refined(pipeline: Pipeline, sketches: list[Any], **options: Any) -> Tensor:
    """Projected codes of drawings, (N,P,D)."""
    return pipeline.execute({"sketch": pipeline.read(sketches).tensor}, ("refined",), **options)["refined"]


def _photos(pipeline: Pipeline, refined: Tensor) -> list[Image.Image]:
    photos = [pipeline.execute({"refined": part}, ("photo",))["photo"] for part in refined.split(8)]
    return to_images(torch.cat(photos))


def _timing(pipeline: Pipeline, t: float | Mapping[str, float]) -> Tensor:
    """t of each component, (1,P,1)."""
    given = t if isinstance(t, Mapping) else {"all": t}
    _check_names(pipeline, given, also=("all",))
    values = [float(given.get(name, given.get("all", 0.5))) for name in _face(pipeline).names]
    if not all(0 <= value <= 1 for value in values):
        raise BadOptionError(f"t cannot be {t}.", why="It goes from 0 (the first drawing) to 1 (the second).")
    return torch.tensor(values, dtype=torch.float32)[None, :, None]


def _check_names(pipeline: Pipeline, given: Mapping[str, Any], *, also: tuple[str, ...] = ()) -> None:
    for name in given:
        if name not in (*_face(pipeline).names, *also):
            raise UnknownOptionError(
                f"There is no component {name!r}.", why=f"The components are {', '.join(_face(pipeline).names)}.",
                suggestions=suggest(name, _face(pipeline).names),
            )  # fmt: skip


def _shadow_ink(pipeline: Pipeline, codes: Tensor, weights: Tensor) -> Tensor:
    """The neighbours' lines (N,1,S,S), 1 is full ink: codes (N,P,K,D), weights (N,P,K)."""
    decoder = cast(ComponentDecoders, pipeline.components["decoder"])
    shares = weights.clamp(0, 0.5)
    inks = []
    for index in range(len(_face(pipeline).windows)):
        pieces = decoder.piece(index, codes[:, index].flatten(0, 1)).unflatten(0, codes[:, index].shape[:2])
        inks.append((shares[:, index, :, None, None, None] * (1 - pieces).clamp(0, 1)).sum(1))
    whole = inks[-1]
    for window in _face(pipeline).parts:  # the remainder's own lines are a little fainter where a part has its window
        whole[..., *window.box] *= 1 - 0.2 * _fade(window).to(whole)
    for window, ink in zip(_face(pipeline).parts, inks, strict=False):
        whole[..., *window.box] += 0.5 * ink * _fade(window).to(ink)
    return whole


def _face(pipeline: Pipeline) -> Face:
    """The windows and the frame."""
    return pipeline.components["encoder"].config.face


def _fade(window: Window) -> Tensor:
    """1 in the middle of a window, falling to 0 at its border, (s,s)."""
    at = (torch.arange(window.side) + 0.5) / window.side
    ramp = (torch.minimum(at, 1 - at) / RAMP).clamp(0, 1)
    return ramp[:, None] * ramp[None, :]
