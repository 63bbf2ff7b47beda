from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from s2pzoo_contextualgan.config import PRESETS, Search
from s2pzoo_contextualgan.joint import shrink
from s2pzoo_contextualgan.projection import Known, Projection
from torch import Tensor

from s2pzoo.errors import BadInputError
from s2pzoo.pipeline.run import Pipeline


def projection_of(zoo: Pipeline) -> Any:
    return zoo.components["projection"]


@pytest.fixture
def watched(zoo: Pipeline) -> Iterator[list[Tensor]]:
    """The losses that the search has told of, step by step."""
    losses: list[Tensor] = []
    projection_of(zoo).watch = lambda _step, _z, loss: losses.append(loss.clone())
    yield losses
    projection_of(zoo).watch = None


def test_the_best_loss_never_rises_and_falls_in_the_end(zoo: Pipeline, drawing: Tensor, watched: list[Tensor]) -> None:
    zoo.run(drawing, steps=12, start="random")
    told = torch.stack(watched).view(3, 13)  # one drawing after the other
    assert (told.diff(dim=1) <= 0).all() and (told[:, -1] < told[:, 0]).all()


def test_many_drawings_are_looked_for_at_once_as_each_alone(zoo: Pipeline, drawing: Tensor) -> None:
    search, project = Search(steps=3, start="refined"), projection_of(zoo).project
    z, losses = project(known_sketch(zoo, drawing), search, torch.Generator().manual_seed(1))
    for index in range(3):
        known = known_sketch(zoo, drawing[index : index + 1])
        alone, loss = project(known, search, torch.Generator().manual_seed(1))
        assert torch.allclose(alone[0], z[index], atol=1e-3) and torch.allclose(loss[0], losses[index], atol=1e-4)


def test_the_same_options_give_the_same_photo_and_another_seed_another(zoo: Pipeline, drawing: Tensor) -> None:
    one, again, other = (zoo(drawing[:1], steps=3, start="random", seed=s) for s in (1, 1, 2))
    assert torch.equal(one, again) and not torch.equal(one, other)


def test_a_photo_does_not_depend_on_what_else_is_in_the_batch(zoo: Pipeline, drawing: Tensor) -> None:
    together = zoo(drawing, steps=4)
    for index in range(3):
        assert torch.allclose(zoo(drawing[index : index + 1], steps=4), together[index : index + 1], atol=1e-4)


def test_networks_are_frozen_and_stay_in_eval_mode(zoo: Pipeline, drawing: Tensor) -> None:
    before = {name: value.clone() for name, value in projection_of(zoo).state_dict().items()}
    projection_of(zoo).train()
    zoo(drawing[:1], steps=2)
    assert not any(module.training for module in projection_of(zoo).modules())
    assert not any(parameter.requires_grad for parameter in projection_of(zoo).parameters())
    assert all(torch.equal(value, before[name]) for name, value in projection_of(zoo).state_dict().items())


def test_no_steps_give_the_start(zoo: Pipeline, drawing: Tensor) -> None:
    values = zoo.run(drawing[:1], keep=True, steps=0, inits=1, restarts=2).values
    guessed = zoo.run(drawing[:1], keep=True, steps=0, inits=1, restarts=1, start="refined").values["z"]
    assert any(torch.equal(values["z"], start) for start in (values["first"], guessed))


def test_more_candidates_are_never_worse(zoo: Pipeline, drawing: Tensor, watched: list[Tensor]) -> None:
    zoo(drawing[:1], steps=0, start="refined", inits=1)
    zoo(drawing[:1], steps=0, start="refined", inits=40, restarts=40)
    assert watched[1] <= watched[0]


def test_a_candidate_that_is_no_number_begins_again_and_is_told(zoo: Pipeline, drawing: Tensor) -> None:
    search = Search(start="random", steps=3, optimizer="momentum", lr=1e39)
    with pytest.warns(UserWarning, match="candidates of the search were no longer numbers"):
        z, loss = projection_of(zoo).project(known_sketch(zoo, drawing[:1]), search, torch.Generator())
    assert z.isfinite().all() and loss.isfinite().all()


def test_an_anchor_holds_the_search_near_the_guess(zoo: Pipeline, drawing: Tensor) -> None:
    known, guess = known_sketch(zoo, drawing[:1]), torch.zeros(1, 6)

    def strayed(anchor: float) -> float:
        search = Search(steps=20, inits=1, anchor=anchor)
        z, _ = projection_of(zoo).project(known, search, torch.Generator().manual_seed(0), guess=guess)
        return float((z - guess).norm())

    assert strayed(10) < strayed(0)


def test_a_uniform_z_stays_in_its_range(zoo: Pipeline, drawing: Tensor, make_paper: Callable[[], Projection]) -> None:
    z, _ = make_paper().project(
        known_sketch(zoo, drawing[:1]), Search(start="random", steps=5, lr=3.0), torch.Generator()
    )
    assert z.abs().max() <= 1


@pytest.mark.parametrize("picture", [torch.zeros(1, 1, 64, 64), torch.rand(1, 1, 64, 64)], ids=["black", "noise"])
@pytest.mark.parametrize("contextual", ["kl", "kl_ink", "l1", "mse"])
def test_any_drawing_has_a_photo(zoo: Pipeline, picture: Tensor, contextual: str) -> None:
    photo = zoo(picture, steps=2, contextual=contextual)
    assert photo.shape == (1, 3, 16, 16) and photo.isfinite().all()


def test_a_blank_drawing_is_refused(zoo: Pipeline, tmp_path: Path) -> None:
    Image.new("L", (64, 64), 255).save(tmp_path / "blank.png")
    with pytest.raises(BadInputError):
        zoo(tmp_path / "blank.png")


def test_the_other_way_round_a_photo_gives_a_sketch(zoo: Pipeline, tmp_path: Path) -> None:
    """The sketch of a photo that G made of a z is the one that G made with it, or close."""
    made = projection_of(zoo).generator(latent=torch.randn(2, 6, generator=torch.Generator().manual_seed(5)))
    drawn = zoo.sketch(made["photo"], steps=60, inits=60, start="refined")
    assert drawn.shape == (2, 1, 16, 16)
    far = (made["sketch"] - made["sketch"].flip(0)).abs().mean()
    assert (drawn - made["sketch"]).abs().mean() < far
    Image.new("RGB", (40, 30), (200, 150, 120)).save(tmp_path / "photo.png")
    picture = zoo.sketch(tmp_path / "photo.png", steps=1)
    assert (picture.mode, picture.size) == ("L", (16, 16))


def test_a_completed_photo_keeps_what_was_known(zoo: Pipeline) -> None:
    photo = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(6))
    mask = torch.zeros(1, 1, 16, 16)
    mask[..., 8:, :] = 1
    filled = zoo.complete(photo, mask, steps=3)
    assert torch.allclose(filled[..., :8, :], photo[..., :8, :]) and not torch.allclose(
        filled[..., 12:, :], photo[..., 12:, :]
    )


@pytest.mark.parametrize(
    ("mask", "told"),
    [
        (torch.zeros(1, 1, 8, 8), "A mask cannot have the shape"),
        (torch.zeros(1, 1, 16, 16), "The mask has nothing to fill"),
        (torch.ones(1, 1, 16, 16), "The mask leaves nothing to go by"),
    ],
)
def test_a_mask_that_cannot_be_used_is_told(zoo: Pipeline, mask: Tensor, told: str) -> None:
    with pytest.raises(BadInputError, match=told):
        zoo.complete(torch.rand(1, 3, 16, 16), mask)


def test_ctrl_c_keeps_the_best_so_far_and_says_so(tmp_path: Path) -> None:
    """A real interrupt of a real search that would take hours."""
    script = tmp_path / "search.py"
    script.write_text(
        textwrap.dedent("""
            import signal
            signal.signal(signal.SIGINT, signal.default_int_handler)  # a program in the background ignores it
            import torch
            from s2pzoo_contextualgan.config import make_preset
            from s2pzoo_contextualgan.projection import Known, Projection
            from s2pzoo_contextualgan.config import Search

            preset = make_preset(
                critic=(8, 6), norm="spectral", prior="normal", layout="stack", size=64, side=16, latent=6,
                widths=(12, 8), kernel=4,
            )
            ones = torch.ones(1, 1, 16, 16)
            known = Known(sketch=ones / 2, photo=ones.expand(1, 3, 16, 16), sketch_known=ones, photo_known=0 * ones)
            search = Projection(preset.projection())
            search.watch = lambda step, z, loss: print(step, flush=True)
            z, loss = search.project(known, Search(steps=10**9, patience=10**9), torch.Generator())
            print("done", bool(loss.isfinite().all()), flush=True)
        """)
    )
    process = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert process.stdout
    while process.stdout.readline().strip() != "3":
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0 and output.splitlines()[-1] == "done True"
    assert "the best it had found" in errors


@pytest.fixture
def make_paper() -> Callable[[], Projection]:
    return lambda: Projection(PRESETS["small-paper"].projection())


def known_sketch(zoo: Pipeline, drawing: Tensor) -> Known:
    sketch = shrink(drawing, projection_of(zoo).config.generator.side)
    seen = torch.ones_like(sketch)
    return Known(sketch=sketch, photo=sketch.expand(-1, 3, -1, -1), sketch_known=seen, photo_known=0 * seen)
