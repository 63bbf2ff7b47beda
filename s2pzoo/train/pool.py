"""The pool of past fakes that CycleGAN's discriminators are shown (Shrivastava et al. 2017)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


class ImagePool:
    """Keeps up to `size` images; once it is full, half of what is asked for is an older image in place of the new one.

    Of `size` 0, it gives back what is new.

    `images` (n,C,H,W) is the state to save.
    """

    def __init__(self, size: int = 50) -> None:
        self.size = size
        self.images = torch.empty(0)

    def exchange(self, new: Tensor, rng: np.random.Generator) -> Tensor:
        """(N,C,H,W), detached: the new images, some exchanged for older ones."""
        new = new.detach()
        self.images = self.images.to(new) if len(self.images) else new.new_empty(0, *new.shape[1:])
        given = []
        for image in new:
            if len(self.images) < self.size:
                self.images = torch.cat([self.images, image[None]])
                given.append(image)
            elif self.size and rng.random() < 0.5:
                index = int(rng.integers(self.size))
                given.append(self.images[index].clone())
                self.images[index] = image
            else:
                given.append(image)
        return torch.stack(given)
