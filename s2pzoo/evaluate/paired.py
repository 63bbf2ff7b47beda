"""Metrics of a photo against its truth: SSIM and LPIPS-squeeze. Per image, so that means and spreads can be given."""

from __future__ import annotations

import contextlib
import io
import warnings
from typing import Any

import torch
from torch import Tensor, nn

from s2pzoo.errors import BadInputError, MissingExtraError, WeightsMismatchError
from s2pzoo.nn.squeezenet import SqueezeBackbone, check_range


@torch.no_grad()
def ssim(fake: Tensor, real: Tensor) -> Tensor:
    """Structural similarity (Wang et al. 2004), (N,), 1 = alike. Gaussian window 11, sigma 1.5; mean over channels.

    Args:
        fake, real: (N,C,H,W) in [0,1].

    Raises:
        MissingExtraError: torchmetrics is not installed.
    """
    try:
        from torchmetrics.functional.image import structural_similarity_index_measure as measure
    except ImportError as error:
        raise MissingExtraError("SSIM needs torchmetrics.", extra="eval", why=str(error)) from error
    _check_pair(fake, real)
    # float32 costs flat areas the fourth digit; float64 costs eighty times the time.
    values = measure(fake.float(), real.float(), data_range=1.0, reduction="none")
    assert isinstance(values, Tensor)
    return values.reshape(len(fake))


class LpipsSqueeze(nn.Module):
    """LPIPS (Zhang et al. 2018, arXiv:1801.03924), squeeze variant 0.1: its published heads on the given backbone.

    Args:
        backbone: see load_backbone.

    Raises:
        MissingExtraError: lpips is not installed.
        WeightsMismatchError: lpips' trunk has other parts than the backbone.
    """

    def __init__(self, *, backbone: SqueezeBackbone) -> None:
        super().__init__()
        self.net = _lpips()
        trunk = self.net.net
        ours = backbone.features.state_dict()
        try:  # lpips names a weight slice2.3.squeeze.weight, where torchvision says features.3.squeeze.weight
            names = {name: name.partition(".")[2] for name in trunk.state_dict()}
            if set(names.values()) != set(ours):
                raise KeyError(sorted(set(names.values()) ^ set(ours))[0])
            trunk.load_state_dict({name: ours[key].cpu() for name, key in names.items()}, strict=True)
        except (KeyError, RuntimeError) as error:
            raise WeightsMismatchError("The backbone does not fit lpips' squeeze trunk.", why=str(error)) from error
        self.eval().requires_grad_(False)
        self.to(backbone.mean.device)

    @torch.no_grad()
    def forward(self, fake: Tensor, real: Tensor) -> Tensor:
        """Distances (N,), 0 = alike, of photos (N,3,H,W) in [0,1]."""
        _check_pair(fake, real)
        device = next(self.parameters()).device
        return self.net(fake.float().to(device), real.float().to(device), normalize=True).reshape(len(fake))


def _lpips() -> Any:
    try:
        import lpips
    except ImportError as error:
        raise MissingExtraError("LPIPS needs lpips.", extra="eval", why=str(error)) from error
    with (
        torch.random.fork_rng(devices=[]),  # the random trunk, replaced at once, draws from the global generator
        warnings.catch_warnings(action="ignore"),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        return lpips.LPIPS(net="squeeze", pretrained=True, pnet_rand=True, verbose=False)


def _check_pair(fake: Tensor, real: Tensor) -> None:
    if fake.shape != real.shape or fake.ndim != 4:
        raise BadInputError(f"A pair must have one shape (N,C,H,W); got {tuple(fake.shape)} and {tuple(real.shape)}.")
    check_range(fake)
    check_range(real)
