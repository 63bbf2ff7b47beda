"""timm's models as encoders: measured, of any size, frozen or not, their published weights by commit."""

from __future__ import annotations

import pytest
import timm
import torch
from s2pzoo_encoders.backbone import TimmEncoder, features_of, measured
from s2pzoo_encoders.config import TimmConfig
from safetensors.torch import save

from s2pzoo.errors import OfflineError, UsageError
from s2pzoo.host.registry import default_registry
from s2pzoo.nn.encoding import begin_pretrained, origins
from s2pzoo.testing.hub import Hub
from s2pzoo.testing.hub import hub as hub

SWIN = "swin_tiny_patch4_window7_224"
TINY = TimmConfig(model="test_resnet", channels=8, latent=16)

FAMILIES = {
    "test_resnet": [2, 4, 8, 16, 32],
    "test_vit": [16, 16, 16],
    "test_convnext": [4, 8, 16, 32],
    "resnet18": [2, 4, 8, 16, 32],
    "mobilenetv4_conv_small": [2, 4, 8, 16, 32],
    "efficientnet_b0": [2, 4, 8, 16, 32],
    "convnext_atto": [4, 8, 16, 32],
    SWIN: [4, 8, 16, 32],
    "vit_tiny_patch16_224": [16, 16, 16],
    "maxvit_pico_rw_256": [2, 4, 8, 16, 32],
    "regnety_002": [2, 4, 8, 16, 32],
    "caformer_s18": [4, 8, 16, 32],
    "edgenext_xx_small": [4, 8, 16, 32],
    "hrnet_w18_small": [2, 4, 8, 16, 32],
}
"""Families of docs/encoders.md, and the strides that their maps have."""


@pytest.mark.parametrize("model", FAMILIES)
def test_families_are_measured_and_give_one_map_and_a_latent(model: str) -> None:
    with torch.device("meta"):
        network = TimmEncoder(TimmConfig(model=model, channels=8, latent=16))
        made = network(sketch=torch.empty(1, 1, 96, 80))
    assert [level.stride for level in network.levels] == FAMILIES[model]
    assert made["features"].shape == (1, 8, 12, 10) and made["latent"].shape == (1, 16)


def test_channels_that_lie_last_are_found() -> None:
    with torch.device("meta"):
        levels = measured(features_of(SWIN, 224), SWIN, 224)
    assert all(level.last for level in levels) and [level.channels for level in levels] == [96, 192, 384, 768]


@pytest.mark.parametrize("model", ["halonet26t", "csatv2", "gemma4_vit_167m", "deepseek_vit_412m"])
def test_one_that_cannot_see_a_drawing_is_refused_by_name(model: str) -> None:
    if not timm.is_model(model):
        pytest.skip(f"timm {timm.__version__} has no {model}")
    with torch.device("meta"), pytest.raises(UsageError, match=f"timm's {model} cannot be an encoder(?s:.)*a drawing"):
        TimmEncoder(TimmConfig(model=model))


@pytest.mark.parametrize("stride", [4, 8, 32])
def test_the_map_has_the_stride_that_is_asked_for(stride: int) -> None:
    made = TimmEncoder(TimmConfig(model="test_resnet", stride=stride))(sketch=torch.rand(1, 1, 64, 64))
    assert made["features"].shape[-1] == 64 // stride


def test_a_size_brings_drawings_to_it() -> None:
    network = TimmEncoder(TimmConfig(model="test_vit", size=96)).eval()
    assert network(sketch=torch.rand(1, 1, 64, 64))["features"].shape[-1] == 8


def test_a_frozen_one_is_not_trained_and_keeps_its_statistics() -> None:
    network = TimmEncoder(TimmConfig(model="test_resnet", frozen=True)).train()
    before = {name: value.clone() for name, value in network.backbone.state_dict().items()}
    network(sketch=torch.rand(2, 1, 64, 64))["latent"].sum().backward()
    assert all(torch.equal(before[name], value) for name, value in network.backbone.state_dict().items())
    assert all(p.grad is None for p in network.backbone.parameters()) and network.to_latent.weight.grad is not None


def test_one_that_is_not_frozen_is() -> None:
    network = TimmEncoder(TINY).train()
    before = {name: value.clone() for name, value in network.backbone.state_dict().items()}
    network(sketch=torch.rand(2, 1, 64, 64))["latent"].sum().backward()
    assert any(not torch.equal(before[name], value) for name, value in network.backbone.state_dict().items())
    assert any(p.grad is not None for p in network.backbone.parameters())


def test_every_model_has_a_name_of_its_own() -> None:
    entry = default_registry().component("encoders/timm-test_convnext")
    assert entry.config().model == "test_convnext" and entry.config(model="test_vit").model == "test_vit"


def test_a_misspelt_model_is_told_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="resnet18"):
        TimmEncoder(TimmConfig(model="resnet81"))


REPO = "timm/test_resnet.r160_in1k"


def published(hub: Hub) -> tuple[dict[str, torch.Tensor], str]:
    """Weights for photos, put on the Hub as timm's are; and their commit."""
    weights = timm.create_model("test_resnet").state_dict()
    return weights, hub.add(REPO, {"model.safetensors": save(weights), "config.json": b"{}"})


def test_published_weights_are_taken_at_the_commit_that_is_written_down(hub: Hub) -> None:
    weights, commit = published(hub)
    network = TimmEncoder(TimmConfig(model="test_resnet", pretrained=True))
    begin_pretrained(network)
    taken = network.backbone.state_dict()
    assert torch.equal(taken["layer2.0.conv1.weight"], weights["layer2.0.conv1.weight"])
    stem = next(name for name, value in weights.items() if value.ndim == 4 and value.shape[1] == 3)
    assert torch.allclose(taken[stem], weights[stem].sum(1, keepdim=True), atol=1e-6)
    assert origins(network) == {"encoder": f"timm's test_resnet at {commit}"}


def test_an_older_commit_may_be_named(hub: Hub) -> None:
    (old, commit), (new, _) = published(hub), published(hub)
    network = TimmEncoder(TimmConfig(model="test_resnet", pretrained=True, revision=commit))
    begin_pretrained(network)
    name = "layer1.0.conv1.weight"
    assert torch.equal(network.backbone.state_dict()[name], old[name]) and not torch.equal(old[name], new[name])


def test_without_a_network_it_is_said(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(OfflineError, match="test_resnet"):
        begin_pretrained(TimmEncoder(TimmConfig(model="test_resnet", pretrained=True)))


def test_building_one_asks_nobody(hub: Hub) -> None:
    TimmEncoder(TimmConfig(model="test_resnet", pretrained=True))
    assert not hub.requests
