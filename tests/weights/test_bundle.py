"""Bundles: written and read back the same; broken in every way, and told."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from trained import face, trained

import s2pzoo
from s2pzoo.errors import (
    ConfigError,
    OutputError,
    UsageError,
    WeightsCorruptError,
    WeightsError,
    WeightsMismatchError,
    WeightsNotFoundError,
)
from s2pzoo.pipeline.golden import largest_errors
from s2pzoo.pipeline.run import Pipeline, save_bundle
from s2pzoo.spec.model import Model
from s2pzoo.weights import verify
from s2pzoo.weights.bundle import amend_bundle, read_bundle, write_bundle
from s2pzoo.weights.verify import record_of

pytestmark = pytest.mark.usefixtures("tiny_surroundings")


def rewrite(bundle: Path, change: Callable[[dict[str, torch.Tensor]], Any]) -> None:
    """Change the tensors of a bundle, and its manifest so that the file is whole."""
    path = bundle / "model.safetensors"
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path)
    record(bundle, "model.safetensors")


def record(bundle: Path, name: str) -> None:
    """Make the manifest say what a file is now."""
    manifest = json.loads((bundle / "manifest.json").read_text())
    now = record_of(bundle / name)
    manifest["files"][name] = {"sha256": now.sha256, "size": now.size}
    (bundle / "manifest.json").write_text(json.dumps(manifest))


class TestRoundTrip:
    def test_what_is_saved_loads_the_same(self, tiny: Pipeline, tmp_path: Path) -> None:
        again = s2pzoo.load(tiny.save(tmp_path / "b"))
        for name, network in tiny.components.items():
            for key, tensor in network.state_dict().items():
                assert torch.equal(tensor, again.components[name].state_dict()[key])
        sketch = torch.rand(2, 1, 32, 32)
        assert torch.equal(tiny(sketch, blend=0.2), again(sketch, blend=0.2))
        assert again.model.steps == tiny.model.steps

    def test_halves_are_loaded_as_float32(self, tiny: Any, tmp_path: Path) -> None:
        folder = tiny.save(tmp_path / "b", dtype="float16")
        assert load_file(folder / "model.safetensors")["encoder.head.weight"].dtype == torch.float16
        again: Any = s2pzoo.load(folder)
        assert again.components["encoder"].head.weight.dtype == torch.float32
        sketch = torch.rand(2, 1, 32, 32)
        torch.testing.assert_close(tiny(sketch), again(sketch), atol=0.05, rtol=0)
        assert max(largest_errors(again, read_bundle(folder).golden()).values()) < 1e-5

    def test_halves_that_overflow_are_refused(self, tiny: Any, tmp_path: Path) -> None:
        tiny.components["encoder"].head.weight[0, 0] = 1e6
        with pytest.raises(UsageError, match=r"encoder\.head\.weight"):
            tiny.save(tmp_path / "b", dtype="float16")

    def test_composed_and_adapted_pipelines_are_saved_too(self, tmp_path: Path) -> None:
        parts = ["tiny.small:encoder", "tiny.small:generator", "s2pzoo/gray-from-photo"]
        composed = s2pzoo.compose(parts)
        sketch = torch.rand(2, 1, 32, 32)
        assert torch.equal(s2pzoo.load(composed.save(tmp_path / "b"))(sketch), composed(sketch))

    def test_a_part_of_a_model_can_be_written_and_used(self, tiny: Any, tmp_path: Path) -> None:
        steps = [step for step in tiny.model.steps if step.name == "redraw"]
        part = Model("tiny.part", steps=steps, input="refined", output="redrawn")
        bundle = save_bundle(tmp_path / "b", part, tiny.components)
        assert "golden.safetensors" not in bundle.manifest.files
        fresh: Any = s2pzoo.build("tiny").components["redraw"]
        read_bundle(tmp_path / "b").load_into({"redraw": fresh})
        assert torch.equal(fresh.fc.weight, tiny.components["redraw"].fc.weight)

    def test_an_options_declaration_comes_from_the_plugin(self, bundle: Path) -> None:
        manifest = json.loads((bundle / "manifest.json").read_text())
        manifest["steps"][1]["options"] = []
        (bundle / "manifest.json").write_text(json.dumps(manifest))
        assert s2pzoo.load(bundle)(face(), blend=0.5)

    def test_writing_over_a_bundle_leaves_other_files(self, tiny: Pipeline, tmp_path: Path) -> None:
        (tmp_path / "b").mkdir()
        (tmp_path / "b/metrics.jsonl").write_text("{}")
        tiny.save(tmp_path / "b")
        tiny.save(tmp_path / "b")
        names = {path.name for path in (tmp_path / "b").iterdir()}
        assert names == {
            ".s2pzoo",
            "metrics.jsonl",
            "manifest.json",
            "model.safetensors",
            "golden.safetensors",
            "README.md",
        }

    def test_what_cannot_be_written_is_told(self, tiny: Pipeline, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(OutputError):
            tiny.save(tmp_path / "file/b")

    def test_a_network_of_another_config_is_refused(self, tiny: Pipeline, tmp_path: Path) -> None:
        other = s2pzoo.build("tiny.wide").components
        with pytest.raises(WeightsMismatchError, match="another config"):
            write_bundle(tmp_path / "b", tiny.model, other)

    def test_an_object_of_an_undeclared_class_cannot_be_saved(self, tiny: Pipeline, tmp_path: Path) -> None:
        class Mine(type(tiny.components["refiner"])):
            """Known to nobody."""

        mine = Mine(tiny.components["refiner"].config)
        pipeline = s2pzoo.compose(["tiny.small:encoder", mine, "tiny.small:generator"])
        assert pipeline(face())
        with pytest.raises(UsageError, match="mine"):
            pipeline.save(tmp_path / "b")


class TestManifestAndCard:
    def test_it_says_everything(self, tiny: Pipeline, tmp_path: Path) -> None:
        face().save(tmp_path / "sheet.png")
        metadata = {
            "summary": "Tiny faces.",
            "licence": {"code": "Apache-2.0", "weights": "CC-BY-4.0", "data": "CC BY 4.0, Somebody"},
            "training": {"steps": 10, "seconds": 3.25, "recipe": {"batch": 4}},
            "metrics": [
                {"name": "LPIPS", "value": 0.25, "protocol": "squeeze, | clean", "n": 100},
                {"name": "retrieval", "acc@1": 0.5, "acc@5": None},
            ],
            "differences": ["narrower"],
            "limits": ["small"],
        }
        tiny.save(tmp_path / "b", metadata=metadata)
        amend_bundle(tmp_path / "b", about={"limits": ["very small"]}, files={"sheet.png": tmp_path / "sheet.png"})
        bundle = read_bundle(tmp_path / "b")
        bundle.verify()
        assert set(bundle.manifest.files) == {"model.safetensors", "golden.safetensors", "README.md", "sheet.png"}
        assert bundle.manifest.training["recipe"] == {"batch": 4}
        assert {"python", "torch", "s2pzoo", "s2pzoo-tiny"} <= set(bundle.manifest.created_with)
        card = (tmp_path / "b/README.md").read_text()
        row = "| LPIPS | 0.25 | squeeze, \\| clean | 100 |"
        other = "| name | acc@1 | acc@5 |\n| --- | --- | --- |\n| retrieval | 0.5 | – |"
        for text in ("# tiny.small", "![sheet.png]", row, other, "CC BY 4.0, Somebody", "- very small", "- narrower"):
            assert text in card
        assert bundle.manifest.files["model.safetensors"].sha256 in card
        assert "- small" not in card
        assert s2pzoo.load(tmp_path / "b")(face())

    def test_metadata_survives_load_and_save(self, tiny: Pipeline, tmp_path: Path) -> None:
        tiny.save(tmp_path / "a", metadata={"licence": {"data": "CC BY 4.0"}, "limits": ["x"]})
        s2pzoo.load(tmp_path / "a").save(tmp_path / "b")
        manifest = read_bundle(tmp_path / "b").manifest
        assert (manifest.licence.data, manifest.limits) == ("CC BY 4.0", ("x",))

    def test_unknown_metadata_is_refused(self, tiny: Pipeline, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="metrik"):
            tiny.save(tmp_path / "b", metadata={"metriks": []})

    def test_a_later_format_asks_for_a_newer_s2pzoo(self, bundle: Path) -> None:
        manifest = json.loads((bundle / "manifest.json").read_text())
        (bundle / "manifest.json").write_text(json.dumps(manifest | {"format": 2}))
        with pytest.raises(WeightsMismatchError, match="upgrade"):
            read_bundle(bundle)

    @pytest.mark.parametrize("text", ["", "[]", "{", '{"model": 3}', "{}"])
    def test_a_broken_manifest_is_told(self, bundle: Path, text: str) -> None:
        (bundle / "manifest.json").write_text(text)
        with pytest.raises(WeightsCorruptError):
            s2pzoo.load(bundle)

    def test_a_config_the_plugin_does_not_know_is_told(self, bundle: Path) -> None:
        manifest = json.loads((bundle / "manifest.json").read_text())
        manifest["steps"][0]["config"]["depth"] = 3
        (bundle / "manifest.json").write_text(json.dumps(manifest))
        with pytest.raises(WeightsMismatchError, match="depth"):
            s2pzoo.load(bundle)

    def test_a_manifest_cannot_name_files_elsewhere(self, bundle: Path) -> None:
        manifest = json.loads((bundle / "manifest.json").read_text())
        manifest["files"]["../../etc/passwd"] = manifest["files"]["README.md"]
        (bundle / "manifest.json").write_text(json.dumps(manifest))
        with pytest.raises(WeightsCorruptError):
            read_bundle(bundle).verify()


class TestGolden:
    def test_a_good_bundle_passes_with_no_error(self, tiny: Pipeline, bundle: Path) -> None:
        errors = largest_errors(tiny, read_bundle(bundle).golden())
        assert set(errors) == {"encoder", "refiner", "redraw", "generator"} and max(errors.values()) < 1e-6

    def test_a_changed_step_is_found(self, tiny: Any, bundle: Path) -> None:
        tiny.components["generator"].fc.weight[0] += 1
        errors = largest_errors(tiny, read_bundle(bundle).golden())
        assert errors["generator"] > 0 and errors["encoder"] < 1e-6

    def test_an_own_input_can_be_given(self, tiny: Pipeline, tmp_path: Path) -> None:
        given = torch.rand(1, 1, 32, 32)
        bundle = read_bundle(tiny.save(tmp_path / "b", golden=given))
        assert torch.equal(bundle.golden()["sketch"], given)


class TestBroken:
    def test_a_flipped_byte(self, bundle: Path) -> None:
        path = bundle / "model.safetensors"
        data = bytearray(path.read_bytes())
        data[-100] ^= 1
        path.write_bytes(data)
        with pytest.raises(WeightsCorruptError, match="sha256"):
            s2pzoo.load(bundle)

    def test_a_byte_flipped_after_it_was_checked(self, bundle: Path) -> None:
        s2pzoo.load(bundle)
        path = bundle / "model.safetensors"
        status = path.stat()
        data = bytearray(path.read_bytes())
        data[-100] ^= 1
        path.write_bytes(data)
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        with pytest.raises(WeightsCorruptError, match="sha256"):
            s2pzoo.load(bundle)

    def test_a_truncated_file(self, bundle: Path) -> None:
        path = bundle / "model.safetensors"
        path.write_bytes(path.read_bytes()[:-10])
        with pytest.raises(WeightsCorruptError, match="truncated"):
            s2pzoo.load(bundle)

    def test_a_missing_file(self, bundle: Path) -> None:
        (bundle / "model.safetensors").unlink()
        with pytest.raises(WeightsCorruptError, match="missing"):
            s2pzoo.load(bundle)

    @pytest.mark.parametrize("data", [b"", b"\x80\x04pickle", b"\xff" * 64])
    def test_a_file_that_is_no_safetensors(self, bundle: Path, data: bytes) -> None:
        (bundle / "model.safetensors").write_bytes(data)
        record(bundle, "model.safetensors")
        with pytest.raises(WeightsCorruptError, match="not a safetensors file"):
            s2pzoo.load(bundle)

    def test_a_missing_an_extra_and_a_wrong_tensor_are_one_table(self, bundle: Path) -> None:
        def spoil(tensors: dict[str, torch.Tensor]) -> None:
            del tensors["encoder.head.bias"]
            tensors["encoder.head.weight"] = torch.zeros(3, 4)
            tensors["generator.extra"] = torch.zeros(2)
            tensors["stranger.weight"] = torch.zeros(())

        rewrite(bundle, spoil)
        with pytest.raises(WeightsMismatchError) as caught:
            s2pzoo.load(bundle)
        table = [line.split() for line in caught.value.why.splitlines()]
        assert table == [
            ["encoder.head.bias", "missing", "in", "the", "file", "8"],
            *sorted([
                ["encoder.head.weight", "wrong", "shape", "3x4", "in", "the", "file,", "8x256", "in", "the", "network"],
                ["generator.extra", "not", "in", "the", "network", "2"],
                ["stranger.weight", "not", "in", "the", "network", "scalar"],
            ]),
        ]  # fmt: skip

    def test_a_long_table_is_cut(self, bundle: Path) -> None:
        rewrite(bundle, lambda tensors: tensors.update({f"encoder.x{n}": torch.zeros(1) for n in range(50)}))
        with pytest.raises(WeightsMismatchError, match="30 more"):
            s2pzoo.load(bundle)


class TestVerify:
    def test_a_file_is_hashed_once(self, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        s2pzoo.load(bundle)
        monkeypatch.setattr(verify, "_remembered", {})
        monkeypatch.setattr(verify, "sha256_of", lambda path: pytest.fail("hashed again"))
        s2pzoo.load(bundle)

    def test_a_touched_file_is_hashed_again(self, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        s2pzoo.load(bundle)
        hashed: list[Path] = []
        original = verify.sha256_of
        monkeypatch.setattr(verify, "sha256_of", lambda path: hashed.append(path) or original(path))
        os.utime(bundle / "model.safetensors")
        s2pzoo.load(bundle)
        assert hashed == [bundle / "model.safetensors"]

    def test_a_cache_that_cannot_be_written_is_no_obstacle(
        self, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("S2PZOO_CACHE", str(tmp_path / "file"))
        s2pzoo.load(bundle)
        monkeypatch.setattr(verify, "sha256_of", lambda path: pytest.fail("hashed again"))
        s2pzoo.load(bundle)

    def test_a_broken_stamp_is_not_believed(self, bundle: Path, tmp_path: Path) -> None:
        s2pzoo.load(bundle)
        (stamp,) = (tmp_path / "cache/stamps").iterdir()
        stamp.write_text('{"sha256": 1}')
        assert s2pzoo.load(bundle)


class TestSources:
    def test_the_folders_of_the_environment(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        wide = trained(s2pzoo.build("tiny.wide"))
        wide.save(tmp_path / "all/tiny.wide")
        monkeypatch.setenv("S2PZOO_WEIGHTS", os.pathsep.join([str(tmp_path / "none"), str(tmp_path / "all")]))
        assert s2pzoo.load("tiny.wide")(face()).tobytes() == wide(face()).tobytes()
        monkeypatch.setenv("S2PZOO_WEIGHTS", str(tmp_path / "all/tiny.wide"))
        assert s2pzoo.load("tiny.wide")

    def test_a_broken_bundle_is_not_passed_over(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "tiny.wide").mkdir()
        (tmp_path / "tiny.wide/manifest.json").write_text("{")
        monkeypatch.setenv("S2PZOO_WEIGHTS", str(tmp_path))
        with pytest.raises(WeightsCorruptError):
            s2pzoo.load("tiny.wide")

    def test_bundled_weights_come_first(self, tiny: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        trained(s2pzoo.build("tiny.small"), seed=1).save(tmp_path / "tiny.small")
        monkeypatch.setenv("S2PZOO_WEIGHTS", str(tmp_path))
        assert s2pzoo.load("tiny")(face()).tobytes() == tiny(face()).tobytes()
        assert s2pzoo.load("tiny", weights=tmp_path / "tiny.small")(face()).tobytes() != tiny(face()).tobytes()

    def test_a_folder_that_was_asked_for_is_not_replaced_by_another(self, tmp_path: Path) -> None:
        with pytest.raises(WeightsNotFoundError):
            s2pzoo.load("tiny", weights=tmp_path / "none")

    def test_every_place_that_was_looked_at_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("S2PZOO_WEIGHTS", "/somewhere")
        with pytest.raises(WeightsError, match=r"/somewhere.*find_weights.*Hub"):
            s2pzoo.load("tiny.wide")
