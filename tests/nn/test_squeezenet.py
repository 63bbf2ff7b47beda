from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torchvision.models import SqueezeNet1_1_Weights, squeezenet1_1

from s2pzoo.errors import (
    BadInputError,
    OfflineError,
    WeightsCorruptError,
    WeightsMismatchError,
    WeightsNotFoundError,
)
from s2pzoo.losses.perceptual import Perceptual
from s2pzoo.nn.squeezenet import DIM, load_backbone, squeeze_features
from s2pzoo.spec.core import LPIPS_LAYERS, PerceptualConfig


def test_features_are_those_of_torchvision_on_normalised_images(backbone_file: Path, photos: Tensor) -> None:
    net = squeezenet1_1(weights=None).eval()
    net.load_state_dict(load_file(backbone_file))
    mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    with torch.no_grad():
        expected = net.features((photos - mean) / std).mean(dim=(2, 3))
    made = squeeze_features(photos, backbone=load_backbone(backbone_file))
    assert made.shape == (4, DIM)
    assert torch.allclose(made, expected, atol=1e-6)


def test_maps_come_in_the_order_of_the_layers(backbone_file: Path, photos: Tensor) -> None:
    maps = load_backbone(backbone_file).maps(photos, LPIPS_LAYERS)
    assert [features.shape[1] for features in maps] == [64, 128, 256, 384, 384, 512, 512]


def test_a_grey_image_counts_as_three_equal_channels(backbone_file: Path, photos: Tensor) -> None:
    backbone = load_backbone(backbone_file)
    grey = photos[:, :1]
    assert torch.equal(backbone(grey), backbone(grey.expand(-1, 3, -1, -1)))


def test_building_it_draws_nothing_from_the_global_generator(backbone_file: Path) -> None:
    before = torch.get_rng_state()
    load_backbone(backbone_file)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("shape", [(3, 64, 64), (1, 4, 64, 64), (1, 3, 16, 64)])
def test_images_of_a_wrong_shape_are_refused(backbone_file: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(BadInputError, match="shape"):
        load_backbone(backbone_file)(torch.zeros(shape))


@pytest.mark.parametrize("change", [lambda x: 2 * x - 1, lambda x: 255 * x, lambda x: x * float("nan")])
def test_images_on_another_scale_are_refused_by_metrics(backbone_file: Path, photos: Tensor, change) -> None:
    with pytest.raises(BadInputError, match=r"\[0,1\]"):
        squeeze_features(change(photos), backbone=load_backbone(backbone_file))


def test_a_missing_damaged_or_foreign_file_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(WeightsNotFoundError):
        load_backbone(tmp_path / "none.safetensors")
    (tmp_path / "text.safetensors").write_text("not a network")
    with pytest.raises(WeightsCorruptError):
        load_backbone(tmp_path / "text.safetensors")
    save_file({"features.0.weight": torch.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(WeightsMismatchError, match="squeezenet1_1"):
        load_backbone(tmp_path / "other.safetensors")


def test_offline_the_standard_weights_are_an_offline_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(OfflineError, match="--backbone FILE"):
        load_backbone()


@pytest.mark.parametrize("content", [b"", b"junkjunkjunkjunk"])
def test_a_damaged_file_in_torchs_cache_is_named(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    path = tmp_path / "hub/checkpoints/squeezenet1_1-b8a52dc0.pth"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(WeightsCorruptError, match=r"squeezenet1_1-b8a52dc0\.pth is damaged"):
        load_backbone()


def test_a_failed_download_is_an_offline_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise URLError("no route")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(SqueezeNet1_1_Weights, "get_state_dict", fails)
    with pytest.raises(OfflineError, match="no route"):
        load_backbone()


def perceptual(file: Path, **config: Any) -> Callable[[Tensor, Tensor], Tensor]:
    made = Perceptual(PerceptualConfig(backbone=str(file), **config))
    assert not any(parameter.requires_grad for parameter in made.parameters())
    return lambda fake, real: made(fake=fake, real=real)["perceptual"]


def test_the_perceptual_loss_of_equal_photos_is_zero_and_grows_with_the_difference(
    backbone_file: Path, photos: Tensor
) -> None:
    loss = perceptual(backbone_file)
    noise = torch.randn(photos.shape, generator=torch.Generator().manual_seed(2))
    near, far = (loss(photos + scale * noise, photos).item() for scale in (0.01, 0.2))
    assert loss(photos, photos).item() == 0
    assert 0 < near < far


@pytest.mark.parametrize("normalise", [True, False])
def test_the_perceptual_loss_by_hand(backbone_file: Path, photos: Tensor, normalise: bool) -> None:
    backbone = load_backbone(backbone_file)
    loss = perceptual(backbone_file, layers=(4, 1), normalise=normalise)
    one, other = photos[:2], photos[2:]
    terms = []
    for a, b in zip(backbone.maps(one, (1, 4)), backbone.maps(other, (1, 4)), strict=True):
        if normalise:
            root = a.shape[1] ** 0.5
            a, b = (root * x / x.norm(dim=1, keepdim=True) for x in (a, b))
        terms.append((a - b).abs().mean().item())
    assert loss(one, other).item() == pytest.approx(sum(terms) / 2, rel=1e-3)


def test_the_perceptual_loss_gives_gradients_to_the_first_image_only(backbone_file: Path, photos: Tensor) -> None:
    loss = perceptual(backbone_file)
    fake, real = (x.clone().requires_grad_() for x in (photos[:2], photos[2:]))
    loss(fake, real).backward()
    assert fake.grad is not None and fake.grad.isfinite().all() and fake.grad.abs().sum() > 0
    assert real.grad is None


def test_a_black_image_gives_finite_gradients(backbone_file: Path) -> None:
    loss = perceptual(backbone_file)
    fake = torch.zeros(1, 3, 32, 32, requires_grad=True)
    loss(fake, torch.ones(1, 3, 32, 32)).backward()
    assert fake.grad is not None and fake.grad.isfinite().all()


def test_a_layer_that_is_none_is_refused(backbone_file: Path) -> None:
    with pytest.raises(ValueError, match="layers"):
        perceptual(backbone_file, layers=(2,))
