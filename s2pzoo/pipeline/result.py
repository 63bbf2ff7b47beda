"""What one run gives: the photo, every value that was kept, and how it came about."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
from attrs import field, frozen
from PIL import ExifTags, Image
from torch import Tensor

from s2pzoo.errors import BadInputError, OutputError
from s2pzoo.imaging.sheet import contact_sheet
from s2pzoo.imaging.write import image_bytes, write_bytes
from s2pzoo.pipeline.inputs import Inputs, to_images

KEY = "s2pzoo"
"""The key of the provenance in a picture file."""


@frozen(kw_only=True)
class Result:
    """One run of a pipeline.

    Attributes:
        photo: the output: a PIL image, or a list of them where a list was given; tensors where tensors were given.
        values: value name -> tensor (N, ...): all of them after `keep=True`, else the output alone.
        notes: what was decided on the way, in words ("white-on-black drawing inverted").
        seed: what random parts drew from.
        timing: step name -> seconds, of the steps that ran.
        provenance: what made it, as plain data; goes into the file that `save` writes.
    """

    photo: Any = field(repr=False)
    values: dict[str, Tensor] = field(repr=False, eq=False)
    notes: tuple[str, ...] = ()
    seed: int = 0
    timing: dict[str, float] = field(factory=dict)
    provenance: dict[str, Any] = field(factory=dict, repr=False)
    output: str = field(default="photo", repr=False)
    inputs: Inputs = field(repr=False, eq=False)

    def __len__(self) -> int:
        return len(self.inputs.tensor)

    def __iter__(self) -> Iterator[Result]:
        """One result for each drawing."""
        for index in range(len(self)):
            inputs, notes = self.inputs, self.inputs.notes[index]
            source = inputs.sources[index]
            yield attrs.evolve(
                self,
                photo=self.photo[index] if inputs.many else self.photo,
                values={name: value[index : index + 1] for name, value in self.values.items()},
                notes=(*notes, *self.provenance.get("remarks", ())),
                provenance=self.provenance | {"sketch": source, "notes": list(notes)},
                inputs=attrs.evolve(
                    inputs, tensor=inputs.tensor[index : index + 1], many=False, notes=(notes,), sources=(source,)
                ),
            )

    def _repr_png_(self) -> bytes:
        """What a notebook shows: each drawing beside its photo, where both are pictures."""
        both = [value for value in (self.inputs.tensor, self.values[self.output]) if value.ndim == 4]
        sheet = contact_sheet(list(zip(*map(to_images, both), strict=True)))
        file = io.BytesIO()
        sheet.save(file, "PNG")
        return file.getvalue()

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the photo, whole or not at all, with its provenance inside (PNG: text chunk `s2pzoo`, as JSON).

        Args:
            path: ends in .png, .jpg, .webp or .gif; missing folders are made.

        Raises:
            OutputError: it cannot be written, or there are several photos (loop over the result then).
        """
        return write_bytes(self.encoded(path), path)

    def encoded(self, path: str | os.PathLike[str] = "photo.png") -> bytes:
        """What `save` writes to a file of that name. Raises OutputError."""
        if len(self) != 1:
            raise OutputError(
                f"{len(self)} photos do not go into one file.", fix="Save each: for one in result: one.save(...)"
            )
        picture = to_images(self.values[self.output])[0]
        (one,) = self
        return image_bytes(picture, path, text={KEY: json.dumps(one.provenance)})


def read_provenance(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What `Result.save` put into a PNG, JPEG or WebP file.

    Raises:
        BadInputError: the file is no picture, or was not made by s2pzoo.
    """
    try:
        with Image.open(path) as image:
            image.load()
            text = image.info.get(KEY) or json.loads(image.getexif()[ExifTags.Base.ImageDescription])[KEY]
            return json.loads(text)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BadInputError(f"{path} holds no provenance.", why=str(error)) from error
