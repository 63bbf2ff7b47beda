"""Messages of the studio, both ways: a head in JSON, and pictures behind it as bytes. No torch."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any

import attrs
from attrs import frozen

from s2pzoo.errors import BadInputError
from s2pzoo.spec.fields import knob, read

LIMIT = 8 * 2**20
"""Bytes of one message at most."""


@frozen(kw_only=True)
class Request:
    """What a page asks for.

    Attributes:
        id: its answers carry it.
        model: `family.variant`.
        do: "photo", the name of a tool, or "stop": the search of this pane ends with what it has.
        pane: where on the page it is shown. Of one pane the newest request wins, older ones that wait are dropped.
        options: of the model's steps; a path is the name of a picture that was uploaded.
        own: options of the tool.
        seed: for whatever is drawn at random.
        drawing: which part of the message is the drawing, a square of bytes, 255 is paper; None: that of this pane's
            last request.
        values: other values to show, pictures all.
        under: the tool's picture is to lie under the drawing: it is given what it declares for that, and gives way to
            whatever else is asked for.
        inputs: of the tool, beside the drawing: input or component -> a part of the message that is a drawing, or the
            name of a picture that was uploaded.
        t: the moment, of a tool that gives an animation.
    """

    id: int
    model: str
    do: str = "photo"
    pane: str = "main"
    options: dict[str, Any] = attrs.field(factory=dict)
    own: dict[str, Any] = attrs.field(factory=dict)
    seed: int = 0
    drawing: int | None = None
    values: tuple[str, ...] = ()
    under: bool = False
    inputs: dict[str, Any] = attrs.field(factory=dict)
    t: float = knob(0.5, low=0, high=1)


def pack(head: Mapping[str, Any], *parts: bytes) -> bytes:
    """One message: the length of the head (uint32, little-endian), the head, the parts; it says their `sizes`."""
    told = json.dumps({**head, "sizes": [len(part) for part in parts]}).encode()
    return b"".join([struct.pack("<I", len(told)), told, *parts])


def unpack(message: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """Head and parts.

    Raises:
        BadInputError: it is none.
    """
    try:
        (length,) = struct.unpack_from("<I", message)
        head = json.loads(message[4 : 4 + length])
        parts, at = [], 4 + length
        for size in head.pop("sizes"):
            parts.append(message[at : at + size])
            at += size
        if at != len(message) or any(size < 0 for size in map(len, parts)):
            raise ValueError("its sizes do not add up")
    except (ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
        raise BadInputError("This is no message of the studio.", why=str(error)) from error
    return head, parts


def request(message: bytes) -> tuple[Request, list[bytes]]:
    """What a page asks for, and its pictures.

    Raises:
        BadInputError: it asks for nothing that there is.
    """
    head, parts = unpack(message)
    return read(Request, head, what="The request", error=BadInputError), parts
