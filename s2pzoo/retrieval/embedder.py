"""Pictures -> features whose distance says how alike they look: a backbone trained on ImageNet, its pooled features.

SqueezeNet 1.1 from a file or as torchvision has it, or any model of timm by its name (the paper of UPS: ResNet-18).
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.transforms import Normalize

from s2pzoo.errors import BadInputError
from s2pzoo.nn.backbones import timm_model
from s2pzoo.nn.squeezenet import check_range, load_backbone

SIDE = 128
"""Pixels a side of what the backbone sees. Small, as the zoo's photos of objects are: a made photo must not lose to one
of the gallery for being less sharp."""


class Embedder:
    """Features (N,D) of length 1, so that L2 distances lie between 0 and 2.

    Lengths are dropped because they measure how much ink or contrast there is. Of 300 free-hand sketches of chairs the
    edge-map baseline found 47 % among the nearest 20 of 300 photos with unit lengths, and 38 % without.

    Args:
        net: photos (N,3,S,S) in [0,1] -> (N,D).
        name: for tables.
        side: S.

    Attributes:
        fingerprint: of all that the features depend on.
    """

    def __init__(self, net: nn.Module, *, name: str, side: int = SIDE, device: str | torch.device = "cpu") -> None:
        self.device = torch.device(device)
        self.net = net.to(self.device).eval().requires_grad_(False)
        self.name = name
        self.side = side
        self.fingerprint = _fingerprint(net, side)

    @torch.no_grad()
    def __call__(self, pictures: Tensor) -> Tensor:
        """Photos (N,3,H,W) or drawings (N,1,H,W) in [0,1] -> (N,D) float32, on the CPU.

        Raises:
            BadInputError: another shape or range.
        """
        if pictures.ndim != 4 or pictures.shape[1] not in (1, 3):
            raise BadInputError(f"The backbone got pictures of shape {tuple(pictures.shape)}.",
                                fix="It takes (N,3,H,W) or (N,1,H,W).")  # fmt: skip
        check_range(pictures)
        seen = pictures.to(self.device, torch.float32)
        if seen.shape[2:] != (self.side, self.side):
            seen = F.interpolate(seen, (self.side, self.side), mode="bicubic", antialias=True).clamp(0, 1)
        return F.normalize(self.net(seen.expand(-1, 3, -1, -1)), dim=1).cpu()


def load_embedder(backbone: str | Path | None = None, *, device: str = "cpu") -> Embedder:
    """The embedder of a backbone.

    Args:
        backbone: a file of SqueezeNet 1.1 weights (a Path, or a text that ends in .safetensors or has a slash), the
            name of a timm model such as resnet18, or None: SqueezeNet 1.1 with torchvision's standard weights.

    Raises:
        UsageError, MissingExtraError: the timm model, or timm.
        WeightsError, OfflineError: the weights.
    """
    if backbone is None:
        return Embedder(load_backbone(), name="squeezenet1_1 of torchvision", device=device)
    if isinstance(backbone, Path) or backbone.endswith(".safetensors") or "/" in backbone or os.sep in backbone:
        return Embedder(load_backbone(backbone), name=Path(backbone).name, device=device)
    return timm_embedder(backbone, device=device)


def timm_embedder(name: str, *, pretrained: bool = True, device: str = "cpu") -> Embedder:
    """The embedder of a timm model: its pooled features before the classifier.

    Args:
        pretrained: with its published weights, else with random ones.

    Raises:
        MissingExtraError: timm is not installed.
        UsageError: it has no model of this name.
        WeightsNotFoundError: nobody published weights for it.
        OfflineError: they are neither here nor to be had.
    """
    net = timm_model(name, pretrained=pretrained, num_classes=0)
    wants: Any = net.pretrained_cfg
    side = wants["input_size"][-1] if wants.get("fixed_input_size") else SIDE
    seen = nn.Sequential(Normalize(wants["mean"], wants["std"]), net)
    return Embedder(seen, name=f"{name} of timm", side=side, device=device)


def _fingerprint(net: nn.Module, side: int) -> str:
    digest = hashlib.sha256(f"{side} {net}".encode())
    for name, value in sorted(net.state_dict().items()):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()
