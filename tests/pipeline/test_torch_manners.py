"""Pipelines as torch's people expect them: other dtypes, compiled, watched, fed with bytes and open files."""

from __future__ import annotations

import gzip
import io
import os
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from trained import face, trained

import s2pzoo
from s2pzoo.errors import BadInputError, UsageError
from s2pzoo.pipeline.run import Pipeline

pytestmark = pytest.mark.usefixtures("tiny_surroundings")


def off(one: Image.Image, other: Image.Image) -> float:
    return float(np.abs(np.asarray(one, float) - np.asarray(other, float)).mean())


class TestDtype:
    @pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
    def test_photos_are_nearly_the_same_in_fewer_bits(self, tiny: Pipeline, dtype: torch.dtype) -> None:
        small = s2pzoo.load("tiny", dtype=dtype)
        assert {p.dtype for part in small.components.values() for p in part.parameters()} == {dtype}
        photo = small(face())
        assert 0 < off(photo, tiny(face())) < 4  # of 255

    def test_every_value_is_float32_all_the_same(self, tiny: Pipeline) -> None:
        values = tiny.to(torch.bfloat16).run(face(), keep=True).values
        assert {value.dtype for value in values.values()} == {torch.float32}

    def test_what_is_precise_stays_so(self, tiny: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
        name = next(name for name, part in tiny.components.items() if list(part.parameters()))
        monkeypatch.setattr(type(tiny.components[name]), "precise", True)
        tiny.to(dtype=torch.bfloat16)
        assert {p.dtype for p in tiny.components[name].parameters()} == {torch.float32}
        assert isinstance(tiny(face()), Image.Image)

    def test_device_and_dtype_may_come_together_or_alone(self, tiny: Pipeline) -> None:
        assert tiny.to("cpu", torch.bfloat16).dtype == torch.bfloat16
        assert tiny.to("cpu").dtype == torch.bfloat16
        assert tiny.to(torch.float32).dtype == torch.float32 and tiny.device.type == "cpu"

    @pytest.mark.parametrize("dtype", [torch.float64, torch.int8])
    def test_a_dtype_that_models_do_not_run_in_is_refused(self, tiny: Pipeline, dtype: torch.dtype) -> None:
        with pytest.raises(UsageError, match="do not run in"):
            tiny.to(dtype=dtype)
        with pytest.raises(UsageError, match="do not run in"):
            s2pzoo.load("tiny", dtype=dtype)

    def test_rounded_weights_are_not_saved_as_if_they_were_whole(self, tiny: Pipeline, tmp_path: Path) -> None:
        tiny.to(dtype=torch.bfloat16)
        with pytest.raises(UsageError, match="rounded"):
            tiny.save(tmp_path / "out")

    def test_rounded_they_stay(self, tiny: Pipeline, tmp_path: Path) -> None:
        tiny.to(torch.bfloat16).to(torch.float32)
        assert tiny.rounded and tiny.dtype == torch.float32
        with pytest.raises(UsageError, match="rounded"):
            tiny.save(tmp_path / "out")

    def test_a_refusal_changes_nothing(self, tiny: Pipeline) -> None:
        before = tiny(face())
        for wrong in (("nope", torch.bfloat16), ("cpu", torch.int8), ("xpu", None)):
            with pytest.raises(UsageError):
                tiny.to(*wrong)
        assert (tiny.dtype, tiny.device.type, tiny.rounded) == (torch.float32, "cpu", False)
        assert off(tiny(face()), before) == 0

    def test_a_network_that_is_called_by_itself_gives_float32_too(self, tiny: Pipeline) -> None:
        tiny.to(torch.bfloat16)
        latent = tiny.components["encoder"](image=torch.rand(2, 1, 32, 32))
        assert latent.dtype == torch.float32

    def test_provenance_says_it(self, tiny: Pipeline) -> None:
        assert tiny.run(face()).provenance["dtype"] == "float32"
        assert tiny.to(torch.bfloat16).run(face()).provenance["dtype"] == "bfloat16"


def test_compiled_it_gives_the_same(tiny: Pipeline) -> None:
    photo = tiny(face())
    assert off(tiny.compile(backend="eager")(face()), photo) == 0


class TestCallbacks:
    def test_each_step_is_told_with_what_it_gave(self, tiny: Pipeline) -> None:
        seen: list[tuple[str, list[str]]] = []

        def watch(step: str, values: Mapping[str, Tensor]) -> None:
            assert all(len(value) == 2 for value in values.values())
            seen.append((step, list(values)))

        tiny.run([face(0), face(1)], callbacks=[watch])
        needed = [step for step in tiny.model.steps if not step.side]
        assert seen == [(step.name, list(step.outputs.values())) for step in needed]

    def test_an_iterator_of_them_is_heard_at_every_step(self, tiny: Pipeline) -> None:
        seen: list[str] = []
        tiny.run([face(seed) for seed in range(18)], callbacks=(one for one in [lambda step, _: seen.append(step)]))
        assert len(seen) == 2 * len([step for step in tiny.model.steps if not step.side])

    def test_what_is_put_into_their_values_stays_theirs(self, tiny: Pipeline) -> None:
        assert off(tiny.run(face(), callbacks=[lambda _, values: values.clear()]).photo, tiny(face())) == 0  # pyright: ignore

    @pytest.mark.parametrize("wrong", [print, None, [None], 3])
    def test_what_cannot_be_called_is_told(self, tiny: Pipeline, wrong: Any) -> None:
        with pytest.raises(UsageError, match="list of functions"):
            tiny.run(face(), callbacks=wrong)

    def test_an_error_of_one_ends_the_run(self, tiny: Pipeline) -> None:
        def stop(step: str, values: Mapping[str, Tensor]) -> None:
            raise RuntimeError(f"stopped at {step}")

        with pytest.raises(RuntimeError, match="stopped at"):
            tiny.run(face(), callbacks=[stop])


class TestBytes:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        face().save(tmp_path / "face.png")
        return tmp_path / "face.png"

    def test_bytes_and_open_files_are_read_as_the_file_is(self, tiny: Pipeline, file: Path) -> None:
        photo, data = tiny(file), file.read_bytes()
        for given in (data, bytearray(data), memoryview(data), io.BytesIO(data)):
            assert off(tiny(given), photo) == 0
        with file.open("rb") as opened:
            result = tiny.run(opened)
        assert off(result.photo, photo) == 0 and result.provenance["sketch"] == "face.png"

    def test_a_list_of_them_is_several_drawings(self, tiny: Pipeline, file: Path) -> None:
        assert len(tiny([file.read_bytes(), io.BytesIO(file.read_bytes()), file])) == 3

    def test_svg_and_strokes_come_as_bytes_too(self, tiny: Pipeline) -> None:
        svg = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M1 1L8 8" stroke="black"/></svg>'
        assert isinstance(tiny(svg), Image.Image)
        assert isinstance(tiny(b'{"strokes": [[[0.1, 0.1], [0.9, 0.9], [0.9, 0.5]]]}'), Image.Image)

    def test_a_packed_svg_comes_as_bytes_too(self, tiny: Pipeline) -> None:
        svg = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M1 1L8 8" stroke="black"/></svg>'
        assert off(tiny(gzip.compress(svg)), tiny(svg)) == 0

    def test_bytes_of_several_drawings_are_told(self, tiny: Pipeline) -> None:
        line = b'{"drawing": [[[1, 90], [1, 90]], [[90, 1], [1, 90]]]}'
        with pytest.raises(BadInputError, match="several drawings"):
            tiny(line + b"\n" + line + b"\n")

    @pytest.mark.parametrize("data", [b"", b"nonsense", b"\x89PNG\r\n\x1a\n"])
    def test_bytes_that_are_no_drawing_are_told_by_that_name(self, tiny: Pipeline, data: bytes) -> None:
        with pytest.raises(BadInputError, match=r"^bytes") as caught:
            tiny(data)
        assert "/tmp" not in str(caught.value)

    def test_a_file_opened_as_text_is_told(self, tiny: Pipeline, file: Path) -> None:
        with pytest.raises(BadInputError, match=r'not bytes.\nOpen it with "rb"'):
            tiny(io.StringIO("x"))

    def test_what_cannot_be_read_is_told(self, tiny: Pipeline, file: Path, tmp_path: Path) -> None:
        closed, view = file.open("rb"), memoryview(b"x")
        closed.close()
        view.release()
        with (tmp_path / "w.png").open("wb") as written, file.open(errors="strict", encoding="ascii") as text:
            for wrong in (closed, view, written, text):
                with pytest.raises(BadInputError, match="cannot be read"):
                    tiny(wrong)

    def test_an_unbuffered_file_is_read_to_its_end(self, tiny: Pipeline, file: Path) -> None:
        out, into = os.pipe()

        def drip() -> None:
            with os.fdopen(into, "wb", buffering=0) as pen:
                for at in range(0, len(data := file.read_bytes()), 64):
                    pen.write(data[at : at + 64])

        threading.Thread(target=drip).start()
        with os.fdopen(out, "rb", buffering=0) as raw:
            assert off(tiny(raw), tiny(file)) == 0

    def test_a_temporary_file_in_a_list_is_a_drawing(self, tiny: Pipeline, file: Path) -> None:
        with tempfile.NamedTemporaryFile(suffix=".png") as held:
            held.write(file.read_bytes())
            held.seek(0)
            assert len(tiny([held])) == 1

    def test_an_address_is_not_fetched_by_itself(self, tiny: Pipeline) -> None:
        with pytest.raises(BadInputError, match=r"s2pzoo\.fetch"):
            tiny("https://example.org/face.png")


def test_trained_pipelines_of_several_dtypes_are_apart(tiny: Pipeline) -> None:
    other = trained(s2pzoo.build("tiny.small")).to(dtype=torch.bfloat16)
    assert tiny.dtype == torch.float32 and other.dtype == torch.bfloat16
