"""Where drawings of one kind of thing lie in their square: what `fit` brings a drawing to. No torch, no numpy."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen


@frozen(kw_only=True)
class Frame:
    """A place in a square picture of `side` pixels (x to the right, y down).

    Attributes:
        name: for notes: "fitted to the face frame".
        side: of the picture.
        box: x0, y0, x1, y1 of the ink.
        points: what lies where, for people.
    """

    name: str
    side: float
    box: tuple[float, float, float, float]
    points: Mapping[str, tuple[tuple[float, float], ...]] = field(factory=dict)


WHOLE = Frame(name="sheet", side=1.0, box=(0.06, 0.06, 0.94, 0.94))
"""The whole square but a margin, for drawings of anything."""


@frozen(kw_only=True)
class Found:
    """A thing that was found in a drawing.

    Attributes:
        points: where its two points are, as `Frame.points` has them first, in sides of the drawing.
        sure: in [0, 1].
    """

    points: tuple[tuple[float, float], tuple[float, float]]
    sure: float
