"""Features: their length, what they see, and what tells two backbones apart."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torchvision.models import squeezenet1_1

from s2pzoo.errors import (
    BadInputError,
    HubError,
    MissingExtraError,
    OfflineError,
    UsageError,
    WeightsNotFoundError,
)
from s2pzoo.retrieval.embedder import SIDE, Embedder, load_embedder, timm_embedder
from s2pzoo.testing.hub import Hub

PICTURES = torch.rand(2, 3, 90, 90, generator=torch.Generator().manual_seed(0))


def squeeze_file(folder: Path) -> Path:
    with torch.random.fork_rng(devices=[]):
        save_file(squeezenet1_1(weights=None).state_dict(), folder / "net.safetensors")
    return folder / "net.safetensors"


def test_features_of_a_file_of_weights_have_length_1(tmp_path: Path) -> None:
    embedder = load_embedder(squeeze_file(tmp_path))
    features = embedder(PICTURES)
    assert features.shape == (2, 512)
    assert torch.allclose(features.norm(dim=1), torch.ones(2))
    assert (embedder.name, embedder.side) == ("net.safetensors", SIDE)


def test_a_drawing_counts_as_three_equal_channels(embedder: Embedder) -> None:
    drawing = PICTURES[:, :1]
    assert torch.equal(embedder(drawing), embedder(drawing.expand(-1, 3, -1, -1)))


def test_size_and_contrast_hardly_matter(embedder: Embedder) -> None:
    ramp = torch.linspace(0, 1, 128)[None, None, None].expand(1, 3, 128, 128)
    alike = [embedder(ramp), embedder(ramp[..., ::2, ::2]), embedder(ramp * 0.5)]
    assert max(float((one - alike[0]).norm()) for one in alike) < 0.02


@pytest.mark.parametrize("wrong", [PICTURES[0], PICTURES[:, :2], PICTURES * 255, PICTURES * 2 - 1])
def test_pictures_of_another_shape_or_range_are_refused(embedder: Embedder, wrong: torch.Tensor) -> None:
    with pytest.raises(BadInputError):
        embedder(wrong)


def test_the_fingerprint_is_of_weights_layers_and_side_not_of_the_name() -> None:
    def net(value: float) -> nn.Module:
        made = nn.Sequential(nn.Conv2d(3, 2, 1, bias=False), nn.AvgPool2d(4), nn.Flatten())
        nn.init.constant_(made[0].weight, value)  # pyright: ignore[reportArgumentType]
        return made

    base = Embedder(net(1), name="a", side=8).fingerprint
    assert Embedder(net(1), name="b", side=8).fingerprint == base
    others = [Embedder(net(2), name="a", side=8), Embedder(net(1), name="a", side=4),
              Embedder(nn.Sequential(*net(1).children(), nn.ReLU()), name="a", side=8)]  # fmt: skip
    assert len({base, *(other.fingerprint for other in others)}) == 4


def test_a_file_that_is_missing_is_told(tmp_path: Path) -> None:
    for missing in (tmp_path / "net.safetensors", "net.safetensors", "./net"):
        with pytest.raises(WeightsNotFoundError):
            load_embedder(missing)


def test_without_timm_a_name_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(MissingExtraError, match=r"s2pzoo\[encoders\]"):
        load_embedder("resnet18")


def test_a_timm_model_gives_its_pooled_features() -> None:
    pytest.importorskip("timm")
    with torch.random.fork_rng(devices=[]):
        embedder = timm_embedder("resnet18", pretrained=False)
    assert embedder(PICTURES).shape == (2, 512)
    assert embedder.side == SIDE
    assert embedder.name == "resnet18 of timm"


def test_a_timm_model_of_one_size_gets_pictures_of_that_size() -> None:
    pytest.importorskip("timm")
    with torch.random.fork_rng(devices=[]):
        embedder = timm_embedder("vit_tiny_patch16_224", pretrained=False)
    assert embedder.side == 224
    assert embedder(PICTURES[:1]).shape == (1, 192)


def test_names_that_timm_does_not_know_and_weights_that_cannot_be_had_are_refused(hub: Hub) -> None:
    pytest.importorskip("timm")
    with pytest.raises(UsageError, match="Did you mean 'resnet18'"):
        load_embedder("resnt18")
    with pytest.raises(WeightsNotFoundError, match=r"resnet18\.nobody"):
        load_embedder("resnet18.nobody")

    with pytest.raises(HubError, match=r"timm/resnet18\.a1_in1k"):
        load_embedder("resnet18")


def test_offline_a_timm_models_weights_are_neither_here_nor_asked_for(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("timm")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(OfflineError, match="weights of resnet18"):
        timm_embedder("resnet18")
    assert hub.requests == []
