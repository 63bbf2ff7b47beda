"""How long does one photo of a shoe take, from a tensor of 128 x 128 pixels: light, and with the paper's networks?"""

from __future__ import annotations

from functools import partial

from measure import Measurement, alone, milliseconds


def measure(repeats: int = 20, *, model: str = "ups.shoes128", target: float = 60) -> Measurement:
    import torch

    import s2pzoo

    pipeline = s2pzoo.build(model)  # as fast untrained
    sketch = torch.rand(1, 1, 128, 128, generator=torch.Generator().manual_seed(0))
    return Measurement(
        what=f"one photo of {model}, 128 x 128",
        method=f"median of {repeats} after 3, from a tensor to a tensor, eager, {torch.get_num_threads()} threads",
        values=milliseconds(lambda _: pipeline(sketch), repeats=repeats),
        unit="ms",
        target=target,
    )


measure_paper = partial(measure, 5, model="ups.paper128", target=700)

if __name__ == "__main__":
    alone(measure)
    alone(measure_paper)
