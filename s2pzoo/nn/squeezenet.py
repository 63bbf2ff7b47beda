"""SqueezeNet 1.1, trained on ImageNet: the eyes of FID-squeeze, LPIPS-squeeze and the perceptual loss.

Iandola et al. 2016, arXiv:1602.07360; 5 MB, so that an evaluation fits on a laptop. Weights come from a local file in
torchvision's layout, or are torchvision's own, downloaded once.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.error import URLError

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torchvision.models import SqueezeNet1_1_Weights, squeezenet1_1

from s2pzoo.errors import (
    BadInputError,
    OfflineError,
    Remark,
    WeightsCorruptError,
    WeightsMismatchError,
    WeightsNotFoundError,
)
from s2pzoo.host.settings import Settings
from s2pzoo.spec.core import LPIPS_LAYERS
from s2pzoo.weights.verify import sha256_of

DIM = 512

_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)
_SMALLEST = 32


class SqueezeBackbone(nn.Module):
    """Frozen SqueezeNet 1.1 features of photos (N,3,H,W) or grey images (N,1,H,W) in [0,1]; sides of 32 or more.

    The ImageNet mean and deviation are inside. Gradients flow to the images, never to the weights.

    Args:
        weights: a state dict in torchvision's `squeezenet1_1` layout; the classifier may be missing.

    Raises:
        WeightsMismatchError: other names or shapes.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        super().__init__()
        with torch.device("meta"):  # no random start: nothing drawn from the global generator
            self.features = squeezenet1_1(weights=None).features
        prefix = "features."
        own = {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}
        try:
            self.features.load_state_dict({name: value.float() for name, value in own.items()}, assign=True)
        except RuntimeError as error:
            raise WeightsMismatchError("These are not the weights of squeezenet1_1.", why=str(error)) from error
        self.register_buffer("mean", torch.tensor(_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(_STD).view(1, 3, 1, 1), persistent=False)
        self.eval().requires_grad_(False)

    def maps(self, images: Tensor, layers: Sequence[int] = LPIPS_LAYERS) -> list[Tensor]:
        """Feature maps (N,C,h,w), in ascending order of the layer indices asked for."""
        if images.ndim != 4 or images.shape[1] not in (1, 3) or min(images.shape[2:]) < _SMALLEST:
            raise BadInputError(
                f"The backbone got images of shape {tuple(images.shape)}.",
                fix=f"It takes (N,3,H,W) or (N,1,H,W) with sides of {_SMALLEST} pixels or more.",
            )
        x = (images.float() - self.mean) / self.std  # (N,1,H,W) becomes three channels here
        found: list[Tensor] = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in layers:
                found.append(x)
            if len(found) == len(layers):
                break
        return found

    def forward(self, images: Tensor) -> Tensor:
        """Pooled features (N,512): the mean over positions of the last map."""
        return self.maps(images, LPIPS_LAYERS[-1:])[0].mean(dim=(2, 3))


def load_backbone(file: str | Path | None = None) -> SqueezeBackbone:
    """The backbone, from a local safetensors file, or else with torchvision's standard weights.

    Raises:
        WeightsNotFoundError, WeightsCorruptError, WeightsMismatchError: the file is missing, damaged, or another net's.
        OfflineError: the standard weights are not in torch's cache and cannot be downloaded.
    """
    return SqueezeBackbone(_standard_weights() if file is None else _read(Path(file).expanduser()))


def backbone_name(file: str | Path | None = None) -> str:
    """Which weights `load_backbone(file)` reads, for the record: metrics of others do not compare."""
    if file is None:
        return "torchvision squeezenet1_1, IMAGENET1K_V1"
    with Path(file).expanduser().open("rb") as opened:
        return f"{Path(file).name}, sha256 {hashlib.file_digest(opened, 'sha256').hexdigest()[:12]}"


@torch.no_grad()
def squeeze_features(images: Tensor, *, backbone: SqueezeBackbone) -> Tensor:
    """Pooled features (N,512) of images in [0,1], without gradients.

    Raises:
        BadInputError: a wrong shape, or values that are not finite or not in [0,1].
    """
    check_range(images)
    return backbone(images.to(backbone.mean.device))


def check_range(images: Tensor) -> None:
    """Refuse images that are not in [0,1]: on the scale [-1,1] a metric would be wrong without looking wrong."""
    low, high = float(images.min()), float(images.max())
    if not (low >= -1e-4 and high <= 1 + 1e-4):  # a nan fails too
        raise BadInputError(f"The images reach from {low:.3g} to {high:.3g}; metrics take [0,1].")


def _read(file: Path) -> dict[str, Tensor]:
    if not file.is_file():
        raise WeightsNotFoundError(f"There is no backbone file {file}.")
    try:
        return load_file(file)
    except (SafetensorError, OSError) as error:
        raise WeightsCorruptError(
            f"The backbone file {file} cannot be read.", why=str(error), fix="It must be a safetensors file."
        ) from error


def _standard_weights() -> Mapping[str, Tensor]:
    weights = SqueezeNet1_1_Weights.IMAGENET1K_V1
    cached = Path(torch.hub.get_dir()) / "checkpoints" / Path(weights.url).name
    fix = "Connect once: the weights are kept. Or give a local safetensors file: --backbone FILE; of a training, "
    fix += "losses.perceptual.backbone=FILE."
    if cached.is_file() and not sha256_of(cached).startswith(cached.stem.rpartition("-")[2]):
        if Settings.read().offline:
            raise WeightsCorruptError(f"{cached} is damaged, and HF_HUB_OFFLINE forbids to fetch it again.", fix=fix)
        warnings.warn(f"{cached} is damaged: it is fetched again.", Remark, stacklevel=2)
        cached.unlink()
    if not cached.is_file() and Settings.read().offline:
        raise OfflineError("The backbone's weights must be downloaded, and HF_HUB_OFFLINE forbids it.", fix=fix)
    try:
        return weights.get_state_dict(progress=False, check_hash=True, weights_only=True)
    except (URLError, OSError, TimeoutError) as error:
        raise OfflineError("The backbone's weights cannot be downloaded.", why=str(error), fix=fix) from error
    except RuntimeError as error:  # torch.hub's answer to a wrong hash
        raise WeightsCorruptError("The downloaded backbone is damaged.", why=str(error)) from error
