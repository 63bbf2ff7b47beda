from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

from s2pzoo.errors import BadInputError, MissingExtraError
from s2pzoo.evaluate.paired import LpipsSqueeze, ssim
from s2pzoo.nn.squeezenet import load_backbone


def test_ssim_is_one_for_equal_photos_and_given_per_image(photos: Tensor) -> None:
    pytest.importorskip("torchmetrics")
    other = photos.clone()
    other[1] = 1 - other[1]
    values = ssim(other, photos)
    assert values.shape == (4,)
    assert values[[0, 2, 3]].tolist() == pytest.approx([1.0] * 3)
    assert values[1] < 0


def test_ssim_of_flat_photos_by_hand() -> None:
    pytest.importorskip("torchmetrics")
    dark, light = torch.full((1, 3, 32, 32), 0.25), torch.full((1, 3, 32, 32), 0.75)
    c1 = 0.01**2  # flat: only the luminance term is left
    expected = (2 * 0.25 * 0.75 + c1) / (0.25**2 + 0.75**2 + c1)
    assert ssim(dark, light).item() == pytest.approx(expected, rel=5e-4)  # float32


def test_one_image_alone_has_one_value(photos: Tensor) -> None:
    pytest.importorskip("torchmetrics")
    assert ssim(photos[:1], photos[:1]).shape == (1,)


def test_lpips_uses_the_trained_heads_on_the_given_trunk(backbone_file: Path, photos: Tensor) -> None:
    pytest.importorskip("lpips")
    backbone = load_backbone(backbone_file)
    before = torch.get_rng_state()
    metric = LpipsSqueeze(backbone=backbone)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(LpipsSqueeze(backbone=backbone)(photos, photos.flip(0)), metric(photos, photos.flip(0)))
    assert metric(photos, photos).tolist() == [0.0] * 4
    assert (metric(photos, photos.flip(0)) > 0).all()
    trunk, ours = metric.net.get_submodule("net").state_dict(), backbone.features.state_dict()
    assert torch.equal(trunk["slice1.0.weight"], ours["0.weight"])
    assert torch.equal(trunk["slice7.12.squeeze.weight"], ours["12.squeeze.weight"])


def test_a_pair_of_two_shapes_or_of_a_wrong_scale_is_refused(photos: Tensor) -> None:
    pytest.importorskip("torchmetrics")
    with pytest.raises(BadInputError, match="one shape"):
        ssim(photos, photos[:2])
    with pytest.raises(BadInputError, match=r"\[0,1\]"):
        ssim(photos, photos * 2 - 1)


def test_a_missing_library_names_the_extra(
    backbone_file: Path, photos: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("lpips", "torchmetrics", "torchmetrics.functional.image"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError) as caught:
        ssim(photos, photos)
    assert caught.value.extra == "eval"
    with pytest.raises(MissingExtraError, match=r"s2pzoo\[eval\]"):
        LpipsSqueeze(backbone=load_backbone(backbone_file))
