"""What the tests of the runtime share."""

from __future__ import annotations

import torch
from PIL import Image, ImageDraw

from s2pzoo.pipeline.run import Pipeline


def trained(pipeline: Pipeline, seed: int = 0) -> Pipeline:
    """Give every tensor of a pipeline a value of its own, as a training would."""
    generator = torch.Generator().manual_seed(seed)
    for network in pipeline.components.values():
        for key, tensor in network.state_dict().items():
            if tensor.is_floating_point():
                tensor.copy_(torch.rand(tensor.shape, generator=generator) - 0.5)
                if key.endswith("running_var"):
                    tensor.abs_()
            else:
                tensor.fill_(7)
    pipeline.untrained = ()
    return pipeline


def face(seed: int = 0, size: int = 32) -> Image.Image:
    """A drawing, another for every seed."""
    picture = Image.new("L", (size, size), 255)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((3 + seed % 5, 3, size - 5, size - 4 - seed % 7), outline=0, width=2)
    draw.line((8, 20 - seed % 9, 22, 22), fill=0, width=2)
    return picture
