"""How long does a photo take when a blend slider moves, the codes of the drawing kept?"""

from __future__ import annotations

from measure import MODEL, SKETCH, Measurement, alone, milliseconds


def measure(repeats: int = 20) -> Measurement:
    import torch

    import s2pzoo
    from s2pzoo.pipeline.inputs import to_images

    pipeline = s2pzoo.load(MODEL)
    sketch = pipeline.read(SKETCH).tensor
    codes = pipeline.execute({"sketch": sketch}, ["codes"])

    def moved(index: int) -> object:
        made = pipeline.execute(codes, ["photo"], blend={"nose": index % 10 / 10})
        return to_images(made["photo"])

    return Measurement(
        what="a blend slider moves",
        method=f"median of {repeats} after 3, from kept codes to a picture, {torch.get_num_threads()} threads",
        values=milliseconds(moved, repeats=repeats),
        unit="ms",
        target=100,
    )


if __name__ == "__main__":
    alone(measure)
