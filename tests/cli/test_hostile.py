"""What people and other programs do to us: files that are there, bad items in a batch, plugins that misbehave."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest
from PIL import Image


def evil(folder: Path, family: str, source: str, *, metadata: str | bytes = "", extra: bytes = b"") -> Path:
    """A plugin as an installed distribution; `source` runs when it is imported."""
    info = folder / f"evil_{family}-1.0.dist-info"
    info.mkdir(parents=True)
    told = metadata or f"Metadata-Version: 2.1\nName: evil-{family}\nVersion: 1.0\n"
    (info / "METADATA").write_bytes(told if isinstance(told, bytes) else told.encode())
    (info / "entry_points.txt").write_bytes(f"[s2pzoo]\n{family} = evil_{family}\n".encode() + extra)
    header = "from s2pzoo.host.hooks import hookimpl\nS2PZOO_API = 2\n"
    (folder / f"evil_{family}.py").write_text(header + textwrap.dedent(source))
    return folder


def mine(path: Path, colour: str = "red") -> bytes:
    """A picture of the user's own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (32, 32), colour).save(path)
    return path.read_bytes()


class TestNobodysFilesAreLost:
    """A verb replaces what s2pzoo wrote, and nothing else."""

    def test_a_picture_beside_the_drawing_stays(self, cli: Callable, drawing: Callable, tmp_path: Path) -> None:
        kept = mine(tmp_path / "mine/a.png")
        drawing("mine/a.svg")
        done = cli("generate", "mine/a.svg", "-o", "mine", "--json")
        assert done.json["photos"][0]["photo"] == "mine/a-photo.png"
        assert (tmp_path / "mine/a.png").read_bytes() == kept
        assert cli("generate", "mine/a.svg", "-o", "mine", "--json").json["photos"][0]["photo"] == "mine/a-photo.png"

    @pytest.mark.parametrize("verb", ["generate", "clean", "sketch"])
    def test_overwrite_is_what_replaces_it(self, verb: str, cli: Callable, drawing: Callable, tmp_path: Path) -> None:
        drawing("in/a.png")
        kept = mine(tmp_path / "out/a.png")
        assert cli(verb, "in/a.png", "-o", "out").code == 0
        assert (tmp_path / "out/a.png").read_bytes() == kept
        assert cli(verb, "in/a.png", "-o", "out", "--overwrite").code == 0
        assert (tmp_path / "out/a.png").read_bytes() != kept

    @pytest.mark.parametrize("name", ["photo.png", "photo.jpg", "photo.webp", "photo.gif"])
    def test_a_file_that_is_named_is_refused_first_and_ours_replaced(
        self, name: str, cli: Callable, drawing: Callable, tmp_path: Path
    ) -> None:
        kept = mine(tmp_path / name)
        refused = cli("generate", drawing("a.png"), "-o", name)
        assert refused.code == 2 and "did not write it" in refused.err and "--overwrite" in refused.err
        assert (tmp_path / name).read_bytes() == kept
        (tmp_path / name).unlink()
        assert cli("generate", "a.png", "-o", name).code == 0
        assert cli("generate", "a.png", "-o", name).code == 0  # our own may be made again

    def test_a_folder_where_its_stages_would_go_is_what_is_named(
        self, cli: Callable, drawing: Callable, tmp_path: Path
    ) -> None:
        mine(tmp_path / "photo.stages/own.png")
        refused = cli("generate", drawing("a.png"), "-o", "photo.png")
        assert refused.code == 2 and "photo.stages is there, and s2pzoo did not write it" in refused.err

    def test_a_file_among_the_stages_stays(self, cli: Callable, drawing: Callable, tmp_path: Path) -> None:
        drawing("a.png")
        assert cli("generate", "a.png", "-o", "out").code == 0
        (tmp_path / "out/a.stages").mkdir()
        (tmp_path / "out/a.stages/.s2pzoo").write_text("s2pzoo writes to this folder:\nother.png\n")
        (tmp_path / "out/a.stages/tensors.safetensors").write_bytes(b"mine")
        done = cli("generate", "a.png", "-o", "out", "--keep-stages")
        assert done.code == 2 and "holds a tensors.safetensors that s2pzoo did not write" in done.err
        assert (tmp_path / "out/a.stages/tensors.safetensors").read_bytes() == b"mine"

    def test_words_about_us_make_no_picture_ours(self, cli: Callable, drawing: Callable, tmp_path: Path) -> None:
        from PIL.PngImagePlugin import PngInfo

        about = PngInfo()
        about.add_text("Comment", "for the s2pzoo paper")
        (tmp_path / "out").mkdir()
        Image.new("RGB", (8, 8)).save(tmp_path / "out/a.png", pnginfo=about)
        kept = (tmp_path / "out/a.png").read_bytes()
        assert cli("generate", drawing("a.png"), "-o", "out").code == 0
        assert (tmp_path / "out/a.png").read_bytes() == kept

    def test_a_folder_where_stages_would_go_stays(self, cli: Callable, drawing: Callable, tmp_path: Path) -> None:
        (tmp_path / "out/a.stages").mkdir(parents=True)
        (tmp_path / "out/a.stages/tensors.safetensors").write_text("mine")
        done = cli("generate", drawing("a.png"), "-o", "out", "--keep-stages", "--json")
        assert done.json["photos"][0]["stages"] != "out/a.stages"
        assert (tmp_path / "out/a.stages/tensors.safetensors").read_text() == "mine"

    @pytest.mark.parametrize("flag", ["--sheet", "-O"])
    def test_sheets_and_files_of_options_are_left_alone(
        self, flag: str, cli: Callable, drawing: Callable, tmp_path: Path
    ) -> None:
        kept = mine(tmp_path / "out/a.png")
        given = ["--sheet", "out/a.png"] if flag == "--sheet" else ["-O", "reference=out/a.png"]
        cli("generate", drawing("a.png"), "-o", "out", *given)
        assert (tmp_path / "out/a.png").read_bytes() == kept


class TestABatchGoesOn:
    """One bad item is named; the others are done, and listed."""

    BAD: ClassVar = {
        "nan.json": '{"strokes":[{"points":[[0,0],[1,1]],"shade":NaN}]}',
        "huge.json": '{"strokes":[{"points":[[0,0],[1,1]],"width":1e10}]}',
        "deep.json": '{"strokes":' + "[" * 100_000 + "]" * 100_000 + "}",
        "arc.svg": '<svg viewBox="0 0 9 9"><path d="M1 1A1e-200 1e200 0 0 1 9 9"/></svg>',
        "endless.svg": '<svg viewBox="0 0 9 9"><path d="M1 1A5 5 1e999 0 1 5 5"/></svg>',
        "text.png": "no picture",
        "empty.jpg": "",
    }

    @pytest.mark.parametrize("name", BAD)
    def test_after_a_bad_drawing(self, name: str, cli: Callable, drawing: Callable, tmp_path: Path) -> None:
        drawing("in/0.png")
        drawing("in/z.svg")
        (tmp_path / "in" / name).write_text(self.BAD[name])
        done = cli("generate", "in", "-o", "out", "--json")
        assert done.code == 2
        assert [one["sketch"] for one in done.json["photos"]] == ["in/0.png", "in/z.svg"]
        (failed,) = done.json["failed"]
        assert failed["sketch"] == f"in/{name}" and name in failed["error"]["what"]

    @pytest.mark.parametrize("error", ["RuntimeError('odd')", "MemoryError()", "ValueError('\\udcff')"])
    def test_after_a_drawing_that_the_model_fails_on(
        self, error: str, cli: Callable, drawing: Callable, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from s2pzoo.pipeline.run import Pipeline

        usual = Pipeline._run_step

        def fails(self: Pipeline, *given: object) -> object:
            fails.count += 1  # pyright: ignore[reportFunctionMemberAccess]
            if fails.count == 3:  # pyright: ignore[reportFunctionMemberAccess]
                raise eval(error)
            return usual(self, *given)  # pyright: ignore[reportArgumentType]

        fails.count = 0  # pyright: ignore[reportFunctionMemberAccess]
        for name in ("a", "b", "c"):
            drawing(f"in/{name}.png")
        monkeypatch.setattr(Pipeline, "_run_step", fails)
        done = cli("generate", "in", "-o", "out", "--json")
        assert done.code == 2 and len(done.json["photos"]) == 2
        assert done.json["failed"][0]["error"]["code"] == "E_UNEXPECTED"

    @pytest.mark.parametrize("error", ["SystemExit(0)", "KeyboardInterrupt", "BaseException('x')"])
    @pytest.mark.parametrize("where", ["forward", "__init__"])
    def test_after_a_network_that_would_end_the_program(
        self, where: str, error: str, cli: Callable, drawing: Callable, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from s2pzoo.host.plugin import load_object
        from s2pzoo.host.registry import default_registry

        drawing("in/a.png")
        drawing("in/b.png")
        cli("generate", "in", "-o", "before")  # so that it is imported

        def ends(*_: object, **__: object) -> None:
            raise eval(error)

        network = load_object(default_registry().model("doodle.small").steps[0].config.component.network)
        monkeypatch.setattr(network, where, ends)
        done = cli("generate", "in", "-o", "out", "--json")
        told = done.json["failed"][0]["error"] if where == "forward" else done.json["error"]
        assert done.code and told["code"] == "E_PLUGIN_FAILED"
        assert "doodle/" in told["what"] and error.partition("(")[0] in told["why"]

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
    @pytest.mark.parametrize("kind", ["pipe.json", "pipe.png", "pipe.ndjson", "zero.json", "loop.png", "loop.json"])
    def test_after_what_is_no_file(self, kind: str, program: Callable, drawing: Callable, tmp_path: Path) -> None:
        drawing("in/0.png")
        path = tmp_path / "in" / kind
        if kind.startswith("pipe"):
            os.mkfifo(path)
        else:
            path.symlink_to("/dev/zero" if kind.startswith("zero") else path.name)
        done = program("generate", "in", "-o", "out", "--json")
        assert done.code == 2 and len(done.json["photos"]) == 1
        assert kind in done.json["failed"][0]["error"]["what"]

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
    @pytest.mark.parametrize(
        "words",
        [("generate", "in/0.png", "-o", "pipe.png"), ("compose", "pipe.png"), ("plugins", "diff", "pipe.png"),
         ("train", "pipe.png", "--data", ".", "--out", "run")],
    )  # fmt: skip
    def test_a_pipe_is_neither_written_to_nor_read(
        self, words: tuple[str, ...], program: Callable, drawing: Callable
    ) -> None:
        drawing("in/0.png")
        os.mkfifo("pipe.png")
        done = program(*words)
        assert done.code == 2 and "pipe.png" in done.err

    def test_what_was_written_before_the_fault_is_said(
        self, cli: Callable, drawing: Callable, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from s2pzoo.errors import OutputError
        from s2pzoo.imaging import write

        def full(*_: object, **__: object) -> None:
            raise OutputError("Cannot write it.", why="No space left on device")

        usual = write.write_bytes
        monkeypatch.setattr(
            write, "write_bytes", lambda data, path: full() if "tensors" in str(path) else usual(data, path)
        )
        done = cli("generate", drawing("a.png"), "-o", "out", "--keep-stages")
        assert done.code == 2 and "Written before that: out/a.png" in done.err


class TestPluginsThatMisbehave:
    """None ends its host, spoils a photo, or stays unnamed."""

    ALL: ClassVar = {"S2PZOO_PLUGINS": ""}

    @pytest.mark.parametrize(
        "way",
        ["os.write(1, b'noise')", "os.system('echo noise')", "atexit.register(os.write, 1, b'noise')",
         "sys.__stdout__.write('noise'); sys.__stdout__.flush()", "atexit.register(print, 'noise')"],
    )  # fmt: skip
    def test_json_is_json_whatever_they_write(self, way: str, program: Callable, tmp_path: Path) -> None:
        site = evil(tmp_path / "site", "loud", f"import atexit, os, sys\n{way}")
        done = program("list", "--json", path=(site,), **self.ALL)
        assert done.code == 0 and "models" in done.json

    def test_a_thread_that_never_ends_does_not_keep_a_command_from_ending(
        self, program: Callable, tmp_path: Path
    ) -> None:
        endless = "threading.Thread(target=time.sleep, args=(999,)).start()"
        site = evil(tmp_path / "site", "busy", f"import threading, time\n{endless}")
        done = program("plugins", "--json", path=(site,), **self.ALL)
        assert done.code == 0 and "busy" in [row["family"] for row in done.json["plugins"]]
        assert "A thread does not end by itself" in done.err

    @pytest.mark.parametrize("source", ["import torch; torch.set_default_dtype(torch.float64)",
                                        "import sys; sys.setrecursionlimit(60)", "import os; os._exit(7)",
                                        "raise KeyboardInterrupt"])  # fmt: skip
    def test_a_photo_is_made_without_looking_at_others(
        self, source: str, program: Callable, drawing: Callable, tmp_path: Path
    ) -> None:
        site = evil(tmp_path / "site", "spoils", source)
        done = program("generate", drawing("a.png"), "-m", "doodle", "-o", "out", path=(site,), **self.ALL)
        assert done.code == 0, done.err

    @pytest.mark.parametrize("raised", ["SystemExit(0)", "KeyboardInterrupt", "Mute()"])
    def test_one_that_ends_while_it_is_asked_for_weights_is_named(
        self, raised: str, program: Callable, drawing: Callable, tmp_path: Path
    ) -> None:
        site = evil(tmp_path / "site", "asks", f"""
            class Mute(Exception):
                def __str__(self): raise ValueError
            @hookimpl
            def s2pzoo_find_weights(ref, settings): raise {raised}
        """)  # fmt: skip
        done = program("generate", drawing("a.png"), "-m", "doodle.plain", "--json", path=(site,), **self.ALL)
        assert done.code == 1
        assert done.json["error"]["code"] == "E_PLUGIN_FAILED" and "asks" in done.json["error"]["what"]

    @pytest.mark.parametrize(
        ("source", "state"),
        [("import os; os._exit(0)", "ends its process"), ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
                                                         "ends its process"),
         ("import time; time.sleep(60)", "hangs"), ("1 / 0", "fails"), ("", "loads")],
    )  # fmt: skip
    def test_the_doctor_tells_what_cannot_be_survived(
        self, source: str, state: str, program: Callable, tmp_path: Path
    ) -> None:
        site = evil(tmp_path / "site", "sick", source)
        done = program(
            "doctor", "--seconds", "15" if state != "hangs" else "3", "--json", path=(site,), S2PZOO_PLUGINS="sick"
        )
        (row,) = [one for one in done.json["found"] if one["what"] == "plugin sick"]
        assert row["state"] == state and done.code == (0 if state == "loads" else 1)

    @pytest.mark.parametrize(
        ("requirement", "told"),
        [("nosuchthing>=1", "nosuchthing, which is not installed"), ("numpy>=9999", "numpy>=9999"),
         ("numpy >=> 1", "not to be understood"), ("numpy>=1", ""), ('nosuchthing; extra == "more"', ""),
         ('nosuchthing; python_version < "3"', "")],
    )  # fmt: skip
    def test_the_doctor_tells_what_is_required_and_not_there(
        self, requirement: str, told: str, program: Callable, tmp_path: Path
    ) -> None:
        metadata = f"Metadata-Version: 2.1\nName: evil-needs\nVersion: 1.0\nRequires-Dist: {requirement}\n"
        site = evil(tmp_path / "site", "needs", "", metadata=metadata.encode())
        done = program("doctor", "--json", path=(site,), S2PZOO_PLUGINS="needs")
        (row,) = [one for one in done.json["found"] if one["what"] == "requirements"]
        assert row["well"] == (not told) and told in row["more"] and done.code == (1 if told else 0)

    def test_the_doctor_tells_of_a_hook_without_its_marker(self, program: Callable, tmp_path: Path) -> None:
        site = evil(tmp_path / "site", "bare", "def s2pzoo_plugin(): ...")
        done = program("doctor", "--json", path=(site,), S2PZOO_PLUGINS="bare")
        (row,) = [one for one in done.json["found"] if one["what"] == "plugin bare"]
        assert row["state"] == "loads" and "lacks @hookimpl" in row["more"]

    def test_one_that_ends_the_process_can_be_switched_off(self, program: Callable, tmp_path: Path) -> None:
        site = evil(tmp_path / "site", "gone", "import os; os._exit(7)")
        done = program("list", "--json", path=(site,), S2PZOO_PLUGINS="", S2PZOO_DISABLE="gone")
        assert done.code == 0
        assert [one["state"] for one in done.json["failed"] if one["family"] == "gone"] == ["blocked"]

    def test_the_doctor_tells_a_torchvision_of_another_torch(self, program: Callable, tmp_path: Path) -> None:
        (tmp_path / "torchvision").mkdir()
        (tmp_path / "torchvision/__init__.py").write_text(
            "raise RuntimeError('operator torchvision::nms does not exist')"
        )
        done = program("doctor", "--json", path=(tmp_path,), S2PZOO_PLUGINS="doodle")
        (row,) = [one for one in done.json["found"] if one["what"] == "torch and torchvision"]
        assert done.code == 1 and row["state"] == "do not fit together"
        assert "nms does not exist" in row["more"] and "pip install --upgrade torch torchvision" in row["more"]

    @pytest.mark.parametrize(("value", "state"), [("1", "offline"), ("0", "may be used")])
    def test_the_doctor_tells_whether_the_hub_is_asked(self, value: str, state: str, program: Callable) -> None:
        done = program("doctor", "--json", S2PZOO_PLUGINS="doodle", HF_HUB_OFFLINE=value)
        assert [one["state"] for one in done.json["found"] if one["what"] == "network"] == [state]

    def test_a_command_that_was_ended_is_named_at_the_next(self, program: Callable, tmp_path: Path) -> None:
        site = evil(tmp_path / "site", "gone", "import os; os._exit(0)")
        assert program("plugins", path=(site,), **self.ALL).out == ""
        shutil.rmtree(site)
        told = program("plugins")
        assert "ended without a word while loading plugin evil-gone 1.0" in told.err
        assert "ended without" not in program("plugins").err

    def test_each_whose_metadata_cannot_be_read_is_shown(self, program: Callable, tmp_path: Path) -> None:
        site = tmp_path / "site"
        for name in ("one", "two"):
            evil(site, name, "", metadata=b"\xff")
        evil(site, "three", "", extra=b"\xff\xfe = x\n")
        shown = [row["family"] for row in program("plugins", "--json", path=(site,), **self.ALL).json["plugins"]]
        assert {"one", "two"} <= set(shown) and any("three" in family for family in shown)


class TestWhereWeightsLie:
    """Whatever lies where weights are looked for: `list` goes on."""

    @pytest.mark.parametrize("kind", ["latin", "deep", "pipe", "zero", "folder", "twice"])
    def test_a_manifest_that_is_none(self, kind: str, program: Callable, tmp_path: Path) -> None:
        manifest = tmp_path / "w/manifest.json"
        manifest.parent.mkdir()
        if kind == "pipe":
            os.mkfifo(manifest)
        elif kind == "zero":
            manifest.symlink_to("/dev/zero")
        elif kind == "folder":
            manifest.mkdir()
        else:
            manifest.write_bytes(
                {"latin": b'{"name":"caf\xe9"}', "deep": b'{"a":' * 200_000, "twice": b'{"a":1,"a":2}'}[kind]
            )
        assert program("list", S2PZOO_WEIGHTS=str(tmp_path / "w")).code == 0
        done = program("info", "./w")
        assert done.code == 1 and "E_WEIGHTS_CORRUPT" in done.err

    def test_a_folder_of_nobody(self, program: Callable) -> None:
        done = program("list", S2PZOO_CACHE="~nobody_of_this_name/x")
        assert done.code == 2 and "S2PZOO_CACHE" in done.err

    def test_a_name_that_is_not_utf8(self, program: Callable, site: Path, drawing: Callable, tmp_path: Path) -> None:
        folder = tmp_path / os.fsdecode(b"b\xff")
        shutil.copytree(site / "s2pzoo_doodle/weights/small", folder)
        assert program("generate", drawing("a.png"), "-m", str(folder), "-o", "out").code == 0


class TestMessagesThatHelp:
    """Coded errors, with what to do."""

    @pytest.mark.parametrize("device", ["cuda", "gpu", "cuda:77", "5"])
    def test_a_device_that_is_not_there(self, device: str, cli: Callable, drawing: Callable) -> None:
        import torch

        if torch.cuda.is_available() and device == "cuda":
            pytest.skip("there is one")
        done = cli("generate", drawing("a.png"), "--device", device, "--json")
        assert done.code == 2 and done.json["error"]["code"] == "E_USAGE" and done.json["error"]["fix"]

    def test_a_place_on_the_hub_keeps_its_slashes(self, cli: Callable, drawing: Callable) -> None:
        done = cli("generate", drawing("a.png"), "--weights", "hf://a/b@main")
        assert done.code == 1 and "a/b@main" in done.err and "no folder" not in done.err

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
    @pytest.mark.parametrize("asked", [["list"], ["list", "--json"], ["--help"], ["--version"], ["list", "--help"]])
    def test_a_full_or_closed_stdout(self, asked: list[str], site: Path) -> None:
        command = [sys.executable, "-m", "s2pzoo", *asked]
        with open("/dev/full", "w") as full:
            done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        assert done.returncode == 2 and "E_OUTPUT" in done.stderr and "Traceback" not in done.stderr
        closed = subprocess.run(
            ["sh", "-c", '"$@" >&-', "sh", *command], stderr=subprocess.PIPE, text=True, check=False
        )
        assert closed.returncode == 2 and "E_OUTPUT" in closed.stderr and "Traceback" not in closed.stderr

    def test_info_of_a_folder_says_who_vouches_for_it(self, cli: Callable, site: Path) -> None:
        done = cli("info", f"{site}/s2pzoo_doodle/weights/small", "--json")
        assert done.json["trust"] == "the manifest is that of the weights"
        assert (
            json.loads((site / "s2pzoo_doodle/weights/small/manifest.json").read_text())["model"] == done.json["model"]
        )


@pytest.mark.parametrize("where", ["~nobody-of-that-name/x", "x" * 300, "circle/x"])
def test_a_folder_that_cannot_be_is_told_as_one(cli: Callable, tmp_path: Path, where: str) -> None:
    pytest.importorskip("copier")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    done = cli("new", "fruit", "--out", where, "--defaults")
    assert (done.code == 2 and "E_OUTPUT" in done.err) or "E_USAGE" in done.err
    assert len(done.err) < 1000


def test_a_name_that_no_file_system_takes_is_told_as_one(cli: Callable, drawing: Callable) -> None:
    done = cli("generate", drawing("a.png"), "-o", "x" * 300)
    assert done.code == 2 and "E_UNEXPECTED" not in done.err


class TestTextsAndFolders:
    """What is no picture is not replaced either, where s2pzoo did not write it."""

    @pytest.mark.parametrize(
        "command", [("explain", "doodle.small", "--svg"), ("plugins", "freeze", "-o")], ids=["explain", "freeze"]
    )
    def test_a_text_of_the_users_stays(self, command: tuple[str, ...], cli: Callable, tmp_path: Path) -> None:
        (tmp_path / "mine.svg").write_text("<svg>mine</svg>")
        done = cli(*command, "mine.svg")
        assert done.code == 2 and "s2pzoo did not write it" in done.err
        assert (tmp_path / "mine.svg").read_text() == "<svg>mine</svg>"
        assert cli(*command, "mine.svg", "--overwrite").code == 0
        assert "mine" not in (tmp_path / "mine.svg").read_text()
        assert cli(*command, "mine.svg").code == 0  # now it is ours

    def test_a_folder_of_the_users_is_not_made_a_bundle(self, cli: Callable, tmp_path: Path) -> None:
        mine = tmp_path / "carried" / "doodle.small" / "manifest.json"
        mine.parent.mkdir(parents=True)
        mine.write_text("mine")
        done = cli("weights", "bundle", "carried", "doodle.small")
        assert done.code == 2 and "is no bundle" in done.err and mine.read_text() == "mine"
        assert cli("weights", "bundle", "other", "doodle.small").code == 0
        assert cli("weights", "bundle", "other", "doodle.small").code == 0  # its own bundle it may replace

    def test_a_marker_vouches_for_what_was_written_and_nothing_else(self, tmp_path: Path) -> None:
        from s2pzoo.errors import OutputError
        from s2pzoo.imaging.write import claim

        claim(tmp_path, ["metrics.json"])
        (tmp_path / "metrics.json").write_text("ours")
        (tmp_path / "README.md").write_text("mine")
        claim(tmp_path, ["metrics.json", "metrics.md"])
        with pytest.raises(OutputError, match=r"holds a README\.md that s2pzoo did not write"):
            claim(tmp_path, ["README.md", "metrics.json"])
        claim(tmp_path, ["README.md"], overwrite=True)
        claim(tmp_path, ["README.md", "metrics.md"])
