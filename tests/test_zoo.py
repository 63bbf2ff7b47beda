"""load, build, compose, swap: what is told, and when."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from trained import face, trained

import s2pzoo
from s2pzoo.errors import (
    LicenceWarning,
    PortMismatchError,
    UnknownComponentError,
    UnknownModelError,
    UntrainedError,
    UsageError,
    WeightsMismatchError,
    WeightsNotFoundError,
)
from s2pzoo.pipeline.run import Pipeline

pytestmark = pytest.mark.usefixtures("tiny_surroundings")


def in_a_fresh_python(code: str, tiny_site: Path, **env: str) -> str:
    """What `code` prints in a process of its own, with the plugin installed."""
    path = os.pathsep.join([str(tiny_site), str(Path(s2pzoo.__file__).parent.parent)])
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path, **env}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class TestLoad:
    def test_family_and_variant_mean_the_same_default(self) -> None:
        assert s2pzoo.load("tiny")(face()).tobytes() == s2pzoo.load("tiny.small")(face()).tobytes()

    def test_the_tools_of_the_family_are_methods(self, tiny: Pipeline) -> None:
        assert tiny.redraw(face()).mode == "L" and "redraw" in dir(tiny)
        with pytest.raises(AttributeError, match="'redrow'"):
            _ = tiny.redrow

    def test_weights_are_frozen_and_networks_in_eval_mode(self, tiny: Pipeline) -> None:
        for network in tiny.components.values():
            assert not network.training and not any(p.requires_grad for p in network.parameters())

    def test_a_bundle_is_loaded_by_its_path(self, bundle: Path, tiny: Pipeline) -> None:
        assert s2pzoo.load(bundle)(face()).tobytes() == tiny(face()).tobytes()
        assert "redraw" in s2pzoo.load(str(bundle)).tools

    def test_a_variant_of_ones_own_keeps_the_familys_tools(self, tiny: Pipeline, tmp_path: Path) -> None:
        folder = tiny.save(tmp_path / "mine", name="tiny.mine")
        for own in (s2pzoo.load(folder), s2pzoo.load("tiny", weights=folder)):
            assert (own.model.name, list(own.tools)) == ("tiny.mine", ["redraw"])

    def test_weights_of_another_model_are_refused(self, tmp_path: Path) -> None:
        folder = trained(s2pzoo.build("tiny.wide")).save(tmp_path / "wide")
        with pytest.raises(WeightsMismatchError, match=r"holds tiny\.wide"):
            s2pzoo.load("tiny.small", weights=folder)

    def test_no_weights_is_an_error_and_never_random_ones(self) -> None:
        with pytest.raises(WeightsNotFoundError, match=r"s2pzoo.build\('tiny.wide'\)"):
            s2pzoo.load("tiny.wide", untrained="allow")

    def test_an_unknown_name_has_suggestions(self) -> None:
        with pytest.raises(UnknownModelError) as caught:
            s2pzoo.load("tiny.smal")
        assert caught.value.suggestions[0] == "tiny.small"

    def test_only_its_plugin_is_imported(self, tiny_site: Path, tmp_path: Path) -> None:
        other = tmp_path / "other"
        (other / "zz_other-1.0.dist-info").mkdir(parents=True)
        (other / "zz_other.py").write_text("raise SystemExit('imported')\n")
        (other / "zz_other-1.0.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: zz-other\nVersion: 1.0\n")
        (other / "zz_other-1.0.dist-info/entry_points.txt").write_text("[s2pzoo]\nother = zz_other\n")
        code = f"import sys; sys.path.insert(0, {str(other)!r}); import s2pzoo; s2pzoo.load('tiny')"
        code += "; print('zz_other' in sys.modules)"
        assert in_a_fresh_python(code, tiny_site).strip() == "False"

    def test_the_network_is_not_touched(self, tiny_site: Path) -> None:
        code = """if True:
        import socket
        def refuse(*args, **kwargs): raise AssertionError("network")
        socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
        import s2pzoo, torch
        s2pzoo.load("tiny")(torch.rand(1, 32, 32)); print("ok")
        """
        assert in_a_fresh_python(code, tiny_site).strip() == "ok"

    def test_no_other_reader_of_weights_in_the_core(self) -> None:
        for path in Path(s2pzoo.__file__).parent.rglob("*.py"):
            source = path.read_text()
            assert "torch.load(" not in source and "import pickle" not in source, path


class TestBuild:
    def test_networks_are_fresh_trainable_and_said_to_be_untrained(self) -> None:
        one: Any = s2pzoo.build("tiny.wide")
        two: Any = s2pzoo.build("tiny.wide")
        assert all(p.requires_grad for p in one.components["encoder"].parameters())
        assert set(one.untrained) == {"encoder", "refiner", "redraw", "generator"}
        assert not torch.equal(one.components["generator"].fc.weight, two.components["generator"].fc.weight)
        assert any("untrained" in note for note in one.run(face()).notes)


class TestSwap:
    def test_an_untrained_part_is_refused_unless_allowed(self) -> None:
        with pytest.raises(UntrainedError, match="encoder"):
            s2pzoo.load("tiny", swap={"encoder": "tiny/encoder"})
        swapped = s2pzoo.load("tiny", swap={"encoder": "tiny/encoder"}, untrained="allow")
        assert swapped.untrained == ("encoder",) and "encoder" not in swapped.weights
        assert swapped(face())

    def test_the_other_parts_keep_their_weights(self, tiny: Any) -> None:
        swapped: Any = s2pzoo.load("tiny", swap={"encoder": "tiny/encoder"}, untrained="allow")
        torch.testing.assert_close(swapped.components["generator"].fc.weight, tiny.components["generator"].fc.weight)

    def test_a_part_without_weights_needs_no_training(self) -> None:
        swapped = s2pzoo.load("tiny", swap={"refiner": "tiny/descent"})
        assert swapped.untrained == () and swapped(face())

    def test_a_config_an_object_and_a_trained_part_go_in(self, tiny: Pipeline, configs: ModuleType) -> None:
        assert s2pzoo.load("tiny", swap={"refiner": ("tiny/refiner", {"samples": 3})}, untrained="allow")(face())
        network = tiny.components["encoder"]
        assert s2pzoo.load("tiny", swap={"encoder": network})(face()).tobytes() == tiny(face()).tobytes()
        assert s2pzoo.load("tiny", swap={"encoder": "tiny.small:encoder"})(face()).tobytes() == tiny(face()).tobytes()

    def test_an_object_of_the_same_component_keeps_the_options(self, tiny: Pipeline) -> None:
        swapped = s2pzoo.load("tiny", swap={"refiner": tiny.components["refiner"]})
        assert swapped(face(), blend=1.0).tobytes() == tiny(face(), blend=1.0).tobytes()

    def test_a_misfit_is_told_before_weights_are_looked_at(self, bundle: Path) -> None:
        (bundle / "model.safetensors").unlink()
        with pytest.raises(PortMismatchError, match="one code of 5, wanted one code of 8"):
            s2pzoo.load("tiny", weights=bundle, swap={"encoder": ("tiny/encoder", {"dim": 5})}, untrained="allow")

    def test_mistakes_are_told(self) -> None:
        with pytest.raises(UsageError, match="Did you mean 'encoder'"):
            s2pzoo.load("tiny", swap={"encodr": "tiny/encoder"})
        with pytest.raises(UnknownComponentError):
            s2pzoo.load("tiny", swap={"encoder": "tiny/encodr"})
        with pytest.raises(UsageError, match="whole model"):
            s2pzoo.load("tiny", swap={"encoder": "tiny.small"})
        with pytest.raises(UsageError, match="untrained="):
            s2pzoo.load("tiny", untrained="maybe")

    def test_a_swapped_model_says_so_when_it_is_saved(self, tmp_path: Path) -> None:
        folder = s2pzoo.load("tiny", swap={"refiner": "tiny/descent"}).save(tmp_path / "b")
        assert json.loads((folder / "manifest.json").read_text())["differences"] == ["Step refiner is tiny/descent."]


class TestCompose:
    def test_trained_parts_in_a_row_are_the_model_again(self, tiny: Pipeline) -> None:
        again = s2pzoo.compose([f"tiny.small:{name}" for name in ("encoder", "refiner", "generator")])
        assert again(face(), blend=0.3).tobytes() == tiny(face(), blend=0.3).tobytes()
        assert again.model.output == "photo"

    def test_a_part_may_come_twice(self, tiny: Pipeline) -> None:
        parts = ["tiny.small:encoder", "tiny.small:refiner", "tiny.small:refiner", "tiny.small:generator"]
        twice = s2pzoo.compose(parts)
        assert list(twice.components) == ["encoder", "refiner", "refiner-2", "generator"]
        codes = twice.run(face(), keep=True).values
        assert set(codes) == {"image", "latent", "latent_2", "latent_3", "photo"}

    def test_a_whole_model_can_follow_a_part(self, tiny: Pipeline) -> None:
        parts = ["tiny.small:encoder", ("tiny/generator", {"kind": "sketch"}), "tiny.small"]
        clean = s2pzoo.compose(parts, untrained="allow")
        assert clean(face()).size == (32, 32)
        assert [step.name for step in clean.model.steps][:4] == ["encoder", "generator", "encoder-2", "refiner"]

    def test_nothing_is_passed_over(self) -> None:
        with pytest.raises(PortMismatchError, match="gives photo, wanted sketch"):
            s2pzoo.compose(["tiny.small:encoder", "tiny.small:generator", "tiny.small"])

    def test_adapters_lossless_by_themselves_and_lossy_by_name(self) -> None:
        head, tail = ["tiny.small:encoder", "tiny.small:generator"], ("tiny/encoder", {"kind": "gray"})
        with pytest.raises(PortMismatchError, match="s2pzoo/gray-from-photo"):
            s2pzoo.compose([*head, tail], untrained="allow")
        named = s2pzoo.compose([*head, "s2pzoo/gray-from-photo", tail], untrained="allow")
        assert named(torch.rand(2, 1, 32, 32)).shape == (2, 8)
        drawn = ["tiny.small:encoder", ("tiny/generator", {"kind": "sketch"}), ("tiny/encoder", {"kind": "photo"})]
        fitted = s2pzoo.compose(drawn, untrained="allow")
        assert "put in, lossless" in fitted.explain() and "photo-from-sketch" not in fitted.untrained
        assert fitted(torch.rand(2, 1, 32, 32)).shape == (2, 8)

    def test_a_plugins_own_adapter_is_put_in_or_named(self, tmp_path: Path) -> None:
        sketch = torch.rand(2, 1, 32, 32)
        own = ("tiny/encoder", {"kind": "tiny:normals"})
        parts = ["tiny.small:encoder", ("tiny/generator", {"kind": "sketch"})]
        fitted = s2pzoo.compose([*parts, own], untrained="allow")
        assert list(fitted.components) == ["encoder", "generator", "normals", "encoder-2"]
        named = s2pzoo.compose([*parts, "tiny/normals", own], untrained="allow")
        assert list(named.components) == list(fitted.components) and "put in" not in named.explain()
        assert torch.equal(s2pzoo.load(fitted.save(tmp_path / "b"))(sketch), fitted(sketch))

    def test_a_picture_can_be_resized_by_name(self) -> None:
        small = ("tiny/encoder", {"size": 16})
        parts = ["tiny.small:encoder", ("tiny/generator", {"kind": "sketch"})]
        with pytest.raises(PortMismatchError, match="s2pzoo/resize"):
            s2pzoo.compose([*parts, small], untrained="allow")
        resized = s2pzoo.compose([*parts, ("s2pzoo/resize", {"size": 16}), small], untrained="allow")
        assert resized(torch.rand(1, 1, 32, 32)).shape == (1, 8)

    def test_gray_of_a_photo_is_pils(self, tiny: Pipeline) -> None:
        import numpy as np

        gray = s2pzoo.compose(["tiny.small:encoder", "tiny.small:generator", "s2pzoo/gray-from-photo"])
        photo = s2pzoo.compose(["tiny.small:encoder", "tiny.small:generator"])
        difference = np.asarray(gray(face()), int) - np.asarray(photo(face()).convert("L"), int)
        assert gray(face()).mode == "L" and np.abs(difference).max() <= 1

    def test_untrained_parts_are_refused(self) -> None:
        with pytest.raises(UntrainedError, match="encoder"):
            s2pzoo.compose(["tiny/encoder", "tiny.small:generator"])

    def test_an_object_goes_in(self, tiny: Pipeline) -> None:
        parts = ["tiny.small:encoder", tiny.components["refiner"], "tiny.small:generator"]
        assert s2pzoo.compose(parts)(face()).tobytes() == tiny(face()).tobytes()

    def test_a_file_says_the_same(self, tiny: Pipeline, tmp_path: Path) -> None:
        (tmp_path / "c.toml").write_text(
            'name = "my.own"\n'
            '[[steps]]\npart = "tiny.small:encoder"\nwrites = {latent = "first"}\n'
            '[[steps]]\npart = "tiny.small:refiner"\n'
            '[[steps]]\npart = "tiny/descent"\nconfig = {dim = 8}\nname = "aside"\n'
            'reads = {latent = "first"}\nside = true\n'
            '[[steps]]\npart = "tiny.small:generator"\nreads = {latent = "latent"}\n'
        )
        own = s2pzoo.compose(tmp_path / "c.toml")
        assert own.model.name == "my.own" and list(own.components)[2] == "aside"
        assert own(face()).tobytes() == tiny(face()).tobytes()
        (tmp_path / "c.toml").write_text((tmp_path / "c.toml").read_text().replace("side = true\n", ""))
        with pytest.raises(PortMismatchError, match="aside gives 'latent_2', which nothing reads"):
            s2pzoo.compose(tmp_path / "c.toml")

    @pytest.mark.parametrize(
        "parts",
        [[], [3], [{"config": {}}], [{"part": "tiny/encoder", "speed": 1}], ["tiny.small:encodr"], "none.toml",
         [("tiny.small:encoder", {"dim": 3})], [{"part": "tiny.small", "name": "x"}]],
    )  # fmt: skip
    def test_what_cannot_be_read_is_refused(self, parts: object) -> None:
        with pytest.raises(UsageError):
            s2pzoo.compose(parts)  # pyright: ignore[reportArgumentType]

    def test_a_misfit_is_told_before_torch_is_imported(self, tiny_site: Path) -> None:
        code = """if True:
        import sys, s2pzoo
        from s2pzoo.errors import PortMismatchError
        try:
            s2pzoo.compose(["tiny.small:generator", ("tiny/encoder", {"size": 64}), ("tiny/refiner", {"dim": 3})])
        except PortMismatchError as error:
            print(len(error.misfits), "torch" in sys.modules, "numpy" in sys.modules)
        """
        assert in_a_fresh_python(code, tiny_site).split() == ["2", "False", "False"]


def test_explain_needs_no_torch_and_no_weights(tiny_site: Path) -> None:
    code = "import sys; from s2pzoo.zoo import explain; print(explain('tiny.wide')); print('torch' in sys.modules)"
    text = in_a_fresh_python(code, tiny_site)
    assert "codes: latent (N,12)" in text and text.split()[-1] == "False"


class TestLicence:
    @pytest.fixture(autouse=True)
    def _nothing_told_yet(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("s2pzoo.zoo._told", set())

    def test_weights_that_are_not_free_are_told_of_once(self, tiny: Pipeline, tmp_path: Path) -> None:
        licence = {"code": "MIT", "weights": "research use only", "data": "Shoes (X, 2016)"}
        folder = tiny.save(tmp_path / "tied", metadata={"licence": licence})
        with pytest.warns(LicenceWarning, match=r"tiny.small: research use only. Trained on: Shoes \(X, 2016\)"):
            s2pzoo.load(folder)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            s2pzoo.load(folder)

    @pytest.mark.parametrize("weights", ["Apache-2.0", "CC-BY-4.0", "MIT", ""])
    def test_free_weights_load_without_a_word(self, tiny: Pipeline, tmp_path: Path, weights: str) -> None:
        folder = tiny.save(tmp_path / "free", metadata={"licence": {"code": "MIT", "weights": weights, "data": ""}})
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            s2pzoo.load(folder)
