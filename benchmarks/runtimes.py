"""One photo in other engines than PyTorch (docs/export.md), and beside it a pass of CycleGAN's ResNet-9 in PyTorch."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

from measure import SKETCH, Measurement, alone, milliseconds

MODELS = {"deepfacedrawing.faces256": SKETCH.parent, "ups.shoes128": SKETCH.parents[1] / "shoes"}


def measure(repeats: int = 20, *, model: str, runtime: str, target: float | None = None) -> Measurement:
    import torch

    import s2pzoo
    from s2pzoo.pipeline import runtimes

    pipeline = s2pzoo.load(model)
    drawings = [pipeline.read(path).tensor for path in sorted(MODELS[model].glob("*.svg"))]
    with tempfile.TemporaryDirectory() as folder:
        if runtime == "openvino-int8":
            runtimes.export(pipeline, Path(folder), runtime=runtime, drawings=drawings)
        else:
            runtimes.use(pipeline, runtime)
        values = milliseconds(lambda _: pipeline.execute({"sketch": drawings[0]}, ("photo",)), repeats=repeats)
    method = f"median of {repeats} after 3, from a tensor to a tensor, {torch.get_num_threads()} threads"
    return Measurement(what=f"one photo of {model}, {runtime}", method=method, values=values, unit="ms", target=target)


def measure_reference(repeats: int = 10) -> Measurement:
    import torch

    from s2pzoo.nn.resnet import ResnetGenerator

    network, x = ResnetGenerator(1, 3).eval(), torch.rand(1, 1, 256, 256)
    with torch.no_grad():
        values = milliseconds(lambda _: network(x), repeats=repeats)
    method = f"median of {repeats} after 3, 64 channels, 9 blocks, {torch.get_num_threads()} threads"
    return Measurement(what="for reference: ResNet-9, 256 x 256, one pass", method=method, values=values, unit="ms")


FACES = partial(measure, model="deepfacedrawing.faces256")
SHOES = partial(measure, model="ups.shoes128")
BENCHMARKS = {
    "resnet9": measure_reference,
    **{f"faces_{name}": partial(FACES, runtime=name) for name in ("eager", "openvino", "openvino-int8", "onnx")},
    **{f"shoes_{name}": partial(SHOES, runtime=name) for name in ("eager", "openvino", "openvino-int8", "onnx")},
}

if __name__ == "__main__":
    for one in BENCHMARKS.values():
        alone(one)
