"""What the paper builds on the network: shadow, refined sketches, morphing, copy-paste (docs/deepfacedrawing.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from PIL import Image
from torch import Tensor

from s2pzoo.errors import BadOptionError, UnknownOptionError, UsageError
from s2pzoo.names import suggest
from s2pzoo.pipeline.inputs import to_images
from s2pzoo.pipeline.run import Pipeline
from s2pzoo_deepfacedrawing.config import Face, Window
from s2pzoo_deepfacedrawing.embedding import ComponentDecoders
from s2pzoo_deepfacedrawing.manifold import ManifoldProjection

RAMP = 0.25  # share of a window's side over which its shadow fades out; the released code has 0.2 to 0.3
DARKEST = 0.4  # the shadow is at most this grey
EYES = ("left_eye", "right_eye")


class DeepFaceDrawing(Pipeline):
    """`pipeline("face.png")` is a photo; `shadow`, `refine`, `morph` and `mix` are the paper's tools.

    Values of `run(..., keep=True)` and `execute`: sketch, codes (N,P,D) as drawn, refined (N,P,D) as projected,
    features, photo, refined_sketch. With the `codes` of a drawing kept, a changed `blend` costs no encoding.
    """

    @property
    def face(self) -> Face:
        """The windows and the frame."""
        return self.components["encoder"].config.face

    def refine(self, sketch: Any, *, fit: bool = False, **options: Any) -> Any:
        """A plausible drawing from a poor one: project, decode with the image decoders, merge. Options as for `run`."""
        inputs = self.read(sketch, fit=fit)
        values = self.execute({"sketch": inputs.tensor}, ("refined_sketch",), **options)
        return inputs.give_back(values["refined_sketch"], self.graph.values["refined_sketch"])

    def shadow(self, sketch: Any, *, strokes: bool = True, fit: bool = False, **options: Any) -> Any:
        """The guidance image under a drawing: its neighbours' lines, the more alike the darker, never above 40 % grey.

        Args:
            sketch: as for `run`; an empty one gives a blend of faces.
            strokes: draw the sketch itself over its shadow.
            fit: as for `run`.
            **options: solver, neighbours, gender, age; a `blend` changes nothing here.
        """
        inputs = self.read(sketch, fit=fit)
        chosen = {name: value for name, value in self.graph.route(options)["manifold"].items() if name != "blend"}
        with torch.no_grad():
            drawn = inputs.tensor.to(self.device)
            manifold = cast(ManifoldProjection, self.components["manifold"])
            found = manifold.neighbours(self.components["encoder"](sketch=drawn), **chosen)
            paper = 1 - DARKEST * self._shadow_ink(found.codes, found.weights).clamp(0, 1)
        return inputs.give_back(paper * drawn if strokes else paper, self.graph.values["sketch"])

    def morph(
        self, a: Any, b: Any, t: float | Mapping[str, float] | Sequence[float] = 0.5, **options: Any
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
        steps = torch.cat([self._timing(one) for one in (t if isinstance(t, Sequence) else [t])])
        first, second = self._refined([a, b], **options).split(1)
        frames = self._photos(first + steps.to(self.device) * (second - first))
        return frames if isinstance(t, Sequence) else frames[0]

    def mix(self, *, blend: Mapping[str, float] | None = None, **components: Any) -> Image.Image:
        """Copy and paste: each component from a drawing of its own, `mix(remainder=a, eyes=b, mouth=c)`.

        Args:
            blend: as for `run`.
            **components: component (or `eyes` for both) to drawing. What is not named comes from the remainder's.

        Raises:
            UsageError: no remainder.
            UnknownOptionError: a component that is none.
        """
        sources = dict(components)
        if "eyes" in sources:
            eyes = sources.pop("eyes")
            sources = {**dict.fromkeys(EYES, eyes), **sources}
        self._check_names(sources)
        if "remainder" not in sources:
            raise UsageError(
                "mix needs a drawing for the remainder.", why="It gives the face that the other parts are put into.",
                fix="Name one: remainder=drawing.",
            )  # fmt: skip
        options = {} if blend is None else {"blend": blend}
        refined = dict(zip(sources, self._refined(list(sources.values()), **options), strict=True))
        mixed = [refined.get(name, refined["remainder"])[index] for index, name in enumerate(self.face.names)]
        return self._photos(torch.stack(mixed)[None])[0]

    def _refined(self, sketches: list[Any], **options: Any) -> Tensor:
        """Projected codes of drawings, (N,P,D)."""
        return self.execute({"sketch": self.read(sketches).tensor}, ("refined",), **options)["refined"]

    def _photos(self, refined: Tensor) -> list[Image.Image]:
        photos = [self.execute({"refined": part}, ("photo",))["photo"] for part in refined.split(8)]
        return to_images(torch.cat(photos))

    def _timing(self, t: float | Mapping[str, float]) -> Tensor:
        """t of each component, (1,P,1)."""
        names = self.face.names
        if isinstance(t, Mapping):
            self._check_names(t, also=("all",))
            values = [float(t.get(name, t.get("all", 0.5))) for name in names]
        else:
            values = [float(t)] * len(names)
        if not all(0 <= value <= 1 for value in values):
            raise BadOptionError(f"t cannot be {t}.", why="It goes from 0 (the first drawing) to 1 (the second).")
        return torch.tensor(values, dtype=torch.float32)[None, :, None]

    def _check_names(self, given: Mapping[str, Any], *, also: tuple[str, ...] = ()) -> None:
        for name in given:
            if name not in (*self.face.names, *also):
                raise UnknownOptionError(
                    f"There is no component {name!r}.", why=f"The components are {', '.join(self.face.names)}.",
                    suggestions=suggest(name, self.face.names),
                )  # fmt: skip

    def _shadow_ink(self, codes: Tensor, weights: Tensor) -> Tensor:
        """The neighbours' lines (N,1,S,S), 1 is full ink: codes (N,P,K,D), weights (N,P,K)."""
        decoder = cast(ComponentDecoders, self.components["decoder"])
        shares = weights.clamp(0, 0.5)
        inks = []
        for index in range(len(self.face.windows)):
            pieces = decoder.piece(index, codes[:, index].flatten(0, 1)).unflatten(0, codes[:, index].shape[:2])
            inks.append((shares[:, index, :, None, None, None] * (1 - pieces).clamp(0, 1)).sum(1))
        whole = inks[-1]
        for window, ink in zip(self.face.parts, inks, strict=False):
            fade = _fade(window).to(ink)
            # The remainder's own lines are a little fainter where a part has its window.
            whole[..., *window.box] *= 1 - 0.2 * fade
        for window, ink in zip(self.face.parts, inks, strict=False):
            whole[..., *window.box] += 0.5 * ink * _fade(window).to(ink)
        return whole


def _fade(window: Window) -> Tensor:
    """1 in the middle of a window, falling to 0 at its border, (s,s)."""
    at = (torch.arange(window.side) + 0.5) / window.side
    ramp = (torch.minimum(at, 1 - at) / RAMP).clamp(0, 1)
    return ramp[:, None] * ramp[None, :]
