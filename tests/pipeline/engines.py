"""Other engines give the same photos; what they cannot do stays with PyTorch; what was exported is checked."""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import s2pzoo
from s2pzoo.errors import UsageError, WeightsCorruptError, WeightsMismatchError
from s2pzoo.pipeline import runtimes
from s2pzoo.pipeline.golden import golden_input
from s2pzoo.pipeline.run import Pipeline

ENGINES = [name for name in ("openvino", "onnx") if importlib.util.find_spec(name + "runtime" * (name == "onnx"))]
pytestmark = pytest.mark.skipif(len(ENGINES) < 2, reason="the engines are not installed: s2pzoo[runtimes]")
PIECES = {"encoder.conv", "encoder.head", "generator.fc", "generator.up"}


@pytest.fixture
def drawings(tiny: Pipeline) -> Tensor:
    plain = golden_input(tiny.model.input_port)
    assert plain is not None
    noise = torch.rand(15, *plain.shape[1:], generator=torch.Generator().manual_seed(1))
    return torch.cat([plain, (plain * noise).round()])


@pytest.mark.parametrize("runtime", ENGINES)
def test_photos_are_those_of_pytorch_whatever_the_batch(tiny: Pipeline, drawings: Tensor, runtime: str) -> None:
    other = s2pzoo.load("tiny", runtime=runtime)
    assert {step for step, how in other.runs.items() if how == f"{runtime}, 2 pieces"} == {"encoder", "generator"}
    for count in (1, 2, 5, 16):
        made, wanted = (one.run(drawings[:count], fit=False).values["photo"] for one in (other, tiny))
        assert made.shape == wanted.shape and (made - wanted).abs().mean() < runtimes.GATE
    assert (made - wanted).abs().max() > 0 or runtime == "onnx"  # it is another engine
    half = [one.run(drawings[:1], fit=False, blend=0.5).values["photo"] for one in (other, tiny)]
    assert (half[0] - half[1]).abs().mean() < runtimes.GATE


def test_what_was_exported_is_taken_as_it_is(tiny: Pipeline, drawings: Tensor, tmp_path: Path) -> None:
    wanted = tiny.run(drawings, fit=False).values["photo"]
    told = runtimes.export(tiny, tmp_path / "out", runtime="openvino-int8", drawings=list(drawings.split(1)))
    assert {piece["name"] for piece in told["pieces"]} == PIECES and told["photos"]["mean difference"] <= runtimes.GATE
    assert json.loads((tmp_path / "out" / "runtime.json").read_text()) == told
    again = s2pzoo.load(tmp_path / "out", runtime="openvino-int8")
    assert again.runs["encoder"] == "openvino-int8, 2 pieces"
    made = again.run(drawings, fit=False).values["photo"]
    assert 0 < (made - wanted).abs().mean() < 2 * runtimes.GATE
    assert s2pzoo.load(tmp_path / "out").run(drawings, fit=False).values["photo"].equal(wanted)  # it is a bundle, too


def test_what_is_damaged_or_of_other_weights_is_refused(tiny: Pipeline, tmp_path: Path) -> None:
    out = tmp_path / "out"
    told = runtimes.export(tiny, out)
    file = out / "runtime" / next(iter(told["pieces"][0]["sha256"]))
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(WeightsCorruptError, match=file.name):
        s2pzoo.load(out, runtime="openvino")
    file.write_bytes(whole)
    (out / "runtime.json").write_text(json.dumps({**told, "weights": "0" * 64}))
    with pytest.raises(WeightsMismatchError, match="other weights"):
        s2pzoo.load(out, runtime="openvino")
    (out / "runtime.json").write_text("{")
    with pytest.raises(WeightsCorruptError, match=r"runtime\.json"):
        s2pzoo.load(out, runtime="openvino")


class Pairs(nn.Module):
    """Of two pictures alone: each is given the other's mean."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        first, second = (x if len(x) == 2 else x[:1].repeat(2, *[1] * (x.ndim - 1))).chunk(2)
        return x * self.weight + torch.cat([second, first]).mean()


def test_what_is_of_one_batch_alone_stays_with_pytorch(tiny: Pipeline) -> None:
    encoder: Any = tiny.components["encoder"]
    encoder.conv = nn.Sequential(encoder.conv, Pairs())
    runtimes.use(tiny, "onnx")
    assert tiny.runs["encoder"].startswith("onnx, 1") and tiny.runs["generator"] == "onnx, 2 pieces"


def test_another_device_dtype_or_copy_is_pytorchs_again(tiny: Pipeline, drawings: Tensor) -> None:
    wanted = tiny.run(drawings[:1], fit=False).values["photo"]
    runtimes.use(tiny, "openvino")
    assert not tiny.run(drawings[:1], fit=False).values["photo"].equal(wanted)
    tiny.to("cpu")
    assert tiny.runs == {} and tiny.run(drawings[:1], fit=False).values["photo"].equal(wanted)


def test_what_cannot_be_is_told(tiny: Pipeline, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no runtime 'tensorrt'(?s:.)*openvino"):
        s2pzoo.load("tiny", runtime="tensorrt")
    with pytest.raises(UsageError, match=r"calibrated once(?s:.)*s2pzoo export tiny.small"):
        s2pzoo.load("tiny", runtime="openvino-int8")
    with pytest.raises(UsageError, match="calibrated on drawings"):
        runtimes.export(tiny, tmp_path, runtime="openvino-int8")
    with pytest.raises(UsageError, match="Nothing can be exported for 'compile'"):
        runtimes.export(tiny, tmp_path, runtime="compile")


def test_photos_that_would_be_others_are_refused(tiny: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtimes, "GATE", 0.0)
    with pytest.raises(UsageError, match="makes other photos with openvino"):
        runtimes.use(tiny, "openvino")
    assert tiny.runs == {}


def test_nobody_is_told_of_it() -> None:
    runtimes._engine("openvino")
    with pytest.raises(ImportError):
        importlib.import_module("openvino_telemetry")
    assert sys.modules["openvino_telemetry"] is None
