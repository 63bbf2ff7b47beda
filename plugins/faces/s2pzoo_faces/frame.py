"""Where a face lies in its square: what all face models were trained on."""

from __future__ import annotations

from s2pzoo.spec.frame import Frame

FACE = Frame(name="face frame", side=512, box=(62, 4, 450, 510), points={"pupils": ((188, 238), (324, 238))})
"""The ink of a drawn head with hair; the pupils, left and right in the picture."""
