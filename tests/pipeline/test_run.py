"""Running a loaded pipeline."""

from __future__ import annotations

import io
import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from trained import face, trained

import s2pzoo
from s2pzoo.errors import BadInputError, BadOptionError, OutputError, PluginFailedError, UnknownOptionError, UsageError
from s2pzoo.pipeline.result import read_provenance
from s2pzoo.pipeline.run import Pipeline

pytestmark = pytest.mark.usefixtures("tiny_surroundings")


class TestInAndOut:
    def test_one_drawing_gives_one_photo(self, tiny: Pipeline) -> None:
        photo = tiny(face())
        assert isinstance(photo, Image.Image)
        assert (photo.size, photo.mode) == ((32, 32), "RGB")

    def test_a_path_an_array_and_a_picture_of_one_drawing_give_one_photo(self, tiny: Pipeline, tmp_path: Path) -> None:
        face().save(tmp_path / "face.png")
        path = tmp_path / "face.png"
        photos = [tiny(given) for given in (face(), np.asarray(face()), path, str(path))]
        assert all(photo.tobytes() == photos[0].tobytes() for photo in photos)

    def test_strokes_go_in_as_one_drawing(self, tiny: Pipeline) -> None:
        strokes = [[[0.1, 0.1], [0.5, 0.5], [0.9, 0.9], [0.9, 0.8]], [[0.1, 0.9], [0.9, 0.1]]]
        assert isinstance(tiny(strokes), Image.Image)
        assert isinstance(tiny({"strokes": strokes}), Image.Image)
        assert len(tiny([{"strokes": strokes}])) == 1

    @pytest.mark.parametrize("count", [1, 3, 17])
    def test_each_photo_of_a_list_is_what_its_drawing_alone_gives(self, tiny: Pipeline, count: int) -> None:
        drawings = [face(seed) for seed in range(count)]
        photos = tiny(drawings)
        assert isinstance(photos, list) and len(photos) == count
        for drawing, photo in zip(drawings, photos, strict=True):
            difference = np.asarray(tiny(drawing), int) - np.asarray(photo, int)
            assert np.abs(difference).max() <= 1

    def test_batches_hold_at_most_sixteen(self, tiny: Any) -> None:
        before = tiny.components["generator"].calls
        tiny([face()] * 33)
        assert tiny.components["generator"].calls - before == 3

    def test_tensors_come_back_as_tensors(self, tiny: Pipeline) -> None:
        sketch = torch.rand(3, 1, 32, 32)
        assert tiny(sketch).shape == (3, 3, 32, 32)
        assert tiny(sketch[0]).shape == (3, 32, 32)
        listed = tiny([sketch[0], sketch[1]])
        assert isinstance(listed, list) and listed[1].shape == (3, 32, 32)
        torch.testing.assert_close(listed[1], tiny(sketch)[1])

    def test_a_tool_gives_values_in_the_same_form(self, tiny: Any) -> None:
        assert tiny.redraw(face()).mode == "L"
        assert tiny.redraw(torch.rand(1, 32, 32)).shape == (1, 32, 32)

    @pytest.mark.parametrize(
        "given",
        [
            [],
            torch.rand(1, 1, 16, 16),
            torch.rand(3, 32, 32),
            torch.rand(32, 32),
            torch.zeros(0, 1, 32, 32),
            torch.rand(1, 32, 32) * 255,
            torch.full((1, 32, 32), float("nan")),
            torch.zeros(1, 32, 32, dtype=torch.uint8),
            [torch.rand(1, 32, 32), "face.png"],
            "no such file.png",
            object(),
        ],
        ids=["empty", "size", "channels", "dims", "none", "range", "nan", "dtype", "mixed", "path", "object"],
    )
    def test_what_is_no_drawing_is_refused(self, tiny: Pipeline, given: object) -> None:
        with pytest.raises(BadInputError) as caught:
            tiny(given)
        assert caught.value.exit_code == 2 and caught.value.fix

    def test_a_blank_sheet_goes_in_where_the_model_takes_it(self, tiny: Pipeline) -> None:
        blank = Image.new("L", (32, 32), 255)
        assert tiny(blank)
        with pytest.raises(BadInputError, match="blank"):
            trained(s2pzoo.build("tiny.wide"))(blank)

    def test_fit_is_not_for_tensors(self, tiny: Pipeline) -> None:
        assert tiny(face(), fit=True)
        with pytest.raises(UsageError):
            tiny(torch.rand(1, 32, 32), fit=True)


class TestOptions:
    def test_an_option_reaches_its_step(self, tiny: Pipeline) -> None:
        sketch = torch.rand(2, 1, 32, 32)
        kept = tiny.run(sketch, keep=True, blend=1.0).values
        torch.testing.assert_close(kept["codes"], kept["refined"])
        assert not torch.equal(tiny(sketch, blend=1.0), tiny(sketch))
        torch.testing.assert_close(tiny(sketch, parts={"nose": 1}), tiny(sketch, blend=1))

    def test_none_means_the_default(self, tiny: Pipeline) -> None:
        sketch = torch.rand(1, 1, 32, 32)
        assert torch.equal(tiny(sketch, blend=None), tiny(sketch))

    def test_a_misspelt_option_names_the_right_one(self, tiny: Pipeline) -> None:
        with pytest.raises(UnknownOptionError) as caught:
            tiny("not even read.png", blnd=0.5)
        assert caught.value.suggestions == ("blend",)
        with pytest.raises(UnknownOptionError) as caught:
            tiny("not even read.png", parts={"nos": 0.5})
        assert caught.value.suggestions == ("nose",)

    @pytest.mark.parametrize("options", [{"blend": 2}, {"blend": "much"}, {"parts": {"nose": -1}}, {"parts": 3}])
    def test_a_value_outside_the_range_is_refused(self, tiny: Pipeline, options: dict) -> None:
        with pytest.raises(BadOptionError):
            tiny(face(), **options)


class TestExecute:
    def test_an_output_that_is_not_finite_is_an_error(self, tiny: Any) -> None:
        tiny.components["generator"].fc.bias.fill_(float("nan"))
        with pytest.raises(PluginFailedError, match="NaN"):
            tiny(face())

    def test_only_the_steps_that_are_needed_run(self, tiny: Pipeline) -> None:
        assert list(tiny.run(face()).timing) == ["encoder", "refiner", "generator"]
        assert list(tiny.run(face(), keep=True).timing) == ["encoder", "refiner", "redraw", "generator"]

    def test_a_value_that_is_there_is_not_made_again(self, tiny: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
        kept = tiny.run(face(), keep=True).values
        monkeypatch.setattr(tiny.components["encoder"], "forward", None)
        made = tiny.execute({"codes": kept["codes"]}, ("photo",), blend=0.0)
        assert list(made) == ["photo"]
        torch.testing.assert_close(made["photo"], kept["photo"])

    def test_an_unknown_or_unreachable_value_is_told(self, tiny: Pipeline) -> None:
        with pytest.raises(UsageError, match="'photo'"):
            tiny.execute({"sketch": torch.rand(1, 1, 32, 32)}, ("phto",))
        with pytest.raises(UsageError, match="needs sketch"):
            tiny.execute({}, ("photo",))

    def test_an_error_in_a_network_names_the_step(self, tiny: Pipeline) -> None:
        with pytest.raises(RuntimeError) as caught:
            tiny.execute({"codes": torch.rand(1, 3)}, ("photo",))
        assert "'refiner' (tiny/refiner) of tiny.small" in caught.value.__notes__[0]

    def test_a_network_that_breaks_its_ports_is_told(self) -> None:
        wrong = s2pzoo.compose(["tiny.small:encoder", "tiny/wrong"])
        with pytest.raises(PluginFailedError, match="tiny/wrong gave list"):
            wrong(face())


class TestGradAndRandomness:
    def test_no_gradients_and_no_inference_tensors(self, tiny: Pipeline) -> None:
        values = tiny.run(face(), keep=True).values
        assert not any(value.requires_grad or value.is_inference() for value in values.values())

    def test_a_part_that_needs_gradients_gets_them(self) -> None:
        pipeline = s2pzoo.compose(["tiny.small:encoder", "tiny/descent"])
        given = torch.rand(1, 1, 32, 32)
        before, after = pipeline.run(given, keep=True).values, pipeline(given)
        torch.testing.assert_close(after, before["latent"] / 2)

    def test_seeds_repeat_and_neighbours_do_not_matter(self) -> None:
        noisy = s2pzoo.compose(["tiny.small:encoder", "tiny/jitter", "tiny.small:generator"])
        sketch = torch.rand(3, 1, 32, 32)
        torch.testing.assert_close(noisy(sketch, seed=5), noisy(sketch, seed=5))
        assert not torch.equal(noisy(sketch, seed=5), noisy(sketch, seed=6))
        torch.testing.assert_close(noisy(sketch[1:2], seed=5), noisy(sketch, seed=5)[1:2])

    def test_the_global_generator_is_left_alone(self) -> None:
        before = torch.random.get_rng_state()
        s2pzoo.load("tiny")(face(), seed=3)
        assert torch.equal(before, torch.random.get_rng_state())

    def test_threads_share_a_pipeline(self, tiny: Pipeline) -> None:
        wanted = tiny(face(1)).tobytes()
        got: list[bytes] = []
        threads = [threading.Thread(target=lambda: got.append(tiny(face(1)).tobytes())) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert got == [wanted] * 4


class TestResult:
    def test_keep_gives_every_value(self, tiny: Pipeline) -> None:
        assert set(tiny.run(face()).values) == {"photo"}
        assert set(tiny.run(face(), keep=True).values) == {"sketch", "codes", "refined", "redrawn", "photo"}

    def test_notes_say_what_was_done_to_the_drawing(self, tiny: Pipeline) -> None:
        inverted = Image.eval(face(), lambda value: 255 - value)
        assert any("invert" in note for note in tiny.run(inverted).notes)
        many = tiny.run([face(), inverted])
        assert any("invert" in note for note in many.notes)
        assert [bool(one.notes) for one in many] == [False, True]

    def test_the_png_says_how_it_was_made(self, tiny: Pipeline, tmp_path: Path) -> None:
        drawing = tmp_path / "secret place" / "my face.png"
        drawing.parent.mkdir()
        face().save(drawing)
        path = tiny.run(drawing, seed=4, blend=0.5).save(tmp_path / "out/photo.png")
        with Image.open(path) as image:
            said = json.loads(image.info["s2pzoo"])
            assert image.info["Software"] == f"s2pzoo {s2pzoo.__version__}"
        assert said == read_provenance(path)
        assert said["model"] == "tiny.small"
        assert (said["seed"], said["options"], said["sketch"]) == (4, {"blend": 0.5}, "my face.png")
        assert said["weights"]["encoder"].startswith("tiny.small@")
        assert "secret place" not in json.dumps(said)

    @pytest.mark.parametrize("suffix", [".jpg", ".webp"])
    def test_other_formats_say_it_too(self, tiny: Pipeline, tmp_path: Path, suffix: str) -> None:
        path = tiny.run(face(), seed=9).save(tmp_path / f"photo{suffix}")
        assert read_provenance(path)["seed"] == 9

    def test_a_picture_of_others_has_no_provenance(self, tmp_path: Path) -> None:
        face().save(tmp_path / "other.png")
        with pytest.raises(BadInputError):
            read_provenance(tmp_path / "other.png")

    def test_many_are_saved_one_by_one(self, tiny: Pipeline, tmp_path: Path) -> None:
        drawings = [face(1), face(2)]
        for index, one in enumerate(tiny.run(drawings)):
            one.save(tmp_path / f"{index}.png")
        assert Image.open(tmp_path / "1.png").tobytes() == tiny(drawings)[1].tobytes()
        with pytest.raises(OutputError, match="2 photos"):
            tiny.run(drawings).save(tmp_path / "both.png")

    def test_a_tensor_result_is_saved_as_a_picture(self, tiny: Pipeline, tmp_path: Path) -> None:
        assert Image.open(tiny.run(torch.rand(1, 32, 32)).save(tmp_path / "t.png")).size == (32, 32)

    def test_a_failed_save_leaves_nothing(self, tiny: Pipeline, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        for path in (tmp_path / "file/photo.png", tmp_path / "photo.xyz"):
            with pytest.raises(OutputError):
                tiny.run(face()).save(path)
        assert [path.name for path in tmp_path.iterdir() if path.name != "cache"] == ["file"]


class TestManners:
    def test_a_notebook_shows_each_drawing_beside_its_photo(self, tiny: Pipeline) -> None:
        for sketch, count in ((face(), 1), ([face(), face()], 2), (torch.ones(2, 1, 32, 32), 2)):
            shown = Image.open(io.BytesIO(tiny.run(sketch)._repr_png_()))
            assert shown.width > 2 * 256
            assert (shown.height > 2 * 256) == (count > 1)

    def test_a_notebook_shows_the_steps_of_a_pipeline(self, tiny: Pipeline) -> None:
        shown = tiny._repr_html_()
        assert "tiny/encoder" in shown
        assert "<" not in shown.removeprefix("<pre>").removesuffix("</pre>")

    def test_it_moves_to_another_device_whole(self) -> None:
        model = s2pzoo.load("tiny")
        assert model.to("meta") is model
        assert {tensor.device.type for part in model.components.values() for tensor in part.state_dict().values()} == {
            "meta"
        }

    def test_on_meta_there_are_shapes_and_no_photos(self) -> None:
        with pytest.raises(UsageError, match="no photos"):
            s2pzoo.load("tiny", device="meta").run(np.ones((8, 8)))

    @pytest.mark.parametrize("seed", ["a", 1.5, None, [1]])
    def test_a_seed_that_is_no_whole_number_is_told(self, seed: Any, tiny: Pipeline) -> None:
        with pytest.raises(UsageError, match="seed is"):
            tiny.run(np.ones((8, 8)), seed=seed)

    def test_auto_is_the_best_device_there_is(self, tiny: Pipeline) -> None:
        model = s2pzoo.load("tiny", device="auto")
        best = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
        assert model.device.type == best

    def test_a_device_that_is_not_there_is_told_and_nothing_moves(self) -> None:
        model = s2pzoo.load("tiny")
        with pytest.raises(UsageError, match="device"):
            model.to("gpu")
        assert model.device.type == "cpu"
        assert model(face()).size == (32, 32)
