"""list, info, explain and plugins."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from s2pzoo.host.catalogue import Catalogue, read_catalogue

BLOCK = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "numpy", "torchvision", "PIL", "scipy", "skimage"):
            raise ImportError(f"{name} is blocked")
sys.meta_path.insert(0, Block())
"""


def install(folder: Path, family: str, source: str) -> Path:
    """A distribution with one plugin, in a folder to put on sys.path."""
    info = folder / f"s2pzoo_{family}-2.0.dist-info"
    info.mkdir(parents=True)
    (folder / f"zz_{family}.py").write_text(source)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: s2pzoo-{family}\nVersion: 2.0\n")
    (info / "entry_points.txt").write_text(f"[s2pzoo]\n{family} = zz_{family}\n")
    return folder


def ghosts(folder: Path) -> Catalogue:
    """A catalogue that knows one plugin, which is not installed."""
    (folder / "registry/plugins").mkdir(parents=True)
    (folder / "registry/plugins/ghost.toml").write_text(
        'family="ghost"\ndistribution="s2pzoo-ghost"\nsummary="Boo"\nlicence="MIT"\nsource="a"\nmaintainer="b"\n'
    )
    return read_catalogue(folder / "registry")


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["list"], ["search", "faces"], ["weights"], ["info", "doodle"],
     ["info", "doodle/encoder"], ["explain", "doodle"], ["plugins"],
     ["generate", "--help"], ["sketch", "--help"], ["clean", "--help"], ["eval", "--help"],
     ["eval", "retrieval", "--help"], ["eval", "unpaired", "--help"], ["retrieve", "--help"], ["list", "--json"]],
)  # fmt: skip
def test_looking_imports_neither_torch_nor_numpy(program: Callable, arguments: list[str]) -> None:
    done = program(*arguments, before=BLOCK)
    assert done.code == 0, done.err
    assert done.out


def test_list_shows_models_and_where_their_weights_are(cli: Callable) -> None:
    done = cli("list", "--json")
    assert done.code == 0
    states = {model["name"]: (model["weights"], model["default"]) for model in done.json["models"]}
    assert states == {"doodle.small": ("bundled", True), "doodle.plain": ("none", False)}
    text = cli("list").out
    assert "doodle.small" in text
    assert "Apache-2.0" in text


def test_list_shows_only_what_is_asked_for(cli: Callable) -> None:
    def names(*arguments: str) -> list[str]:
        return [model["name"] for model in cli("list", "--json", *arguments).json["models"]]

    assert "doodle.small" in names()
    assert names("doodle.s*", "--pretrained", "--task", "sketch-to-photo") == ["doodle.small"]
    assert names("nothing*") == names("--task", "photo-to-nowhere") == []
    assert set(names("--pretrained")) < set(names())
    assert "is like nothing*" in cli("list", "nothing*").out


def test_search_finds_what_is_known_and_says_how_to_get_it(
    cli: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from s2pzoo.cli import listing

    assert "ups.shoes128" in cli("search", "unsupervised").out, "a word of the paper's title"
    found = {one["family"]: one for one in cli("search", "SHOES", "--json").json["found"]}
    assert found["ups"]["installed"]
    nothing = cli("search", "zeppelin")
    assert nothing.code == 0
    assert "It knows" in nothing.out
    monkeypatch.setattr(listing, "default_catalogue", lambda: ghosts(tmp_path))
    assert "pip install s2pzoo-ghost" in cli("search", "boo").out


def test_a_broken_plugin_beside_ours_leaves_list_plugins_and_generate_working(
    program: Callable, tmp_path: Path, drawing: Callable
) -> None:
    broken = install(tmp_path / "broken", "broken", "import sys\nprint('noise')\nsys.exit('I am broken')\n")
    beside = {"path": (broken,), "S2PZOO_PLUGINS": "doodle,broken"}
    listed = program("list", "--json", **beside)
    assert listed.code == 0
    assert {model["name"] for model in listed.json["models"]} == {"doodle.small", "doodle.plain"}
    failed = {plugin["family"]: plugin for plugin in listed.json["failed"]}
    assert failed["broken"]["state"] == "failed"
    assert "I am broken" in failed["broken"]["reason"]
    assert "FAILED" in program("list", **beside).out
    asked = program("info", "broken", "--json", **beside)
    assert asked.code == 1
    assert asked.json["error"]["code"] == "E_PLUGIN_FAILED"
    made = program("generate", drawing("a.png"), "-m", "doodle", "-o", tmp_path / "out", "--json", **beside)
    assert made.code == 0, made.err
    assert (tmp_path / "out/a.png").is_file()


def test_plugins_shows_state_version_and_time(cli: Callable) -> None:
    (plugin,) = [plugin for plugin in cli("plugins", "--json").json["plugins"] if plugin["family"] == "doodle"]
    assert plugin["state"] == "loaded"
    assert plugin["version"] == "1.0"
    assert plugin["distribution"] == "s2pzoo-doodle"
    assert plugin["milliseconds"] > 0
    assert "LOADED" in cli("plugins").out


def test_info_of_a_model_has_its_options_and_weights(cli: Callable, site: Path) -> None:
    told = cli("info", "doodle", "--json").json
    assert told["name"] == "doodle.small"
    assert told["installed"] is True
    assert told["weights"]["state"] == "bundled"
    assert told["weights"]["folder"] == str(site / "s2pzoo_doodle/weights/small")
    assert told["weights"]["bytes"] > 1000
    assert [option["name"] for option in told["options"]] == ["blend", "tone", "strength", "wild", "reference"]
    text = cli("info", "doodle").out
    for word in ("blend.PART", "nose, mouth", "light, dark", "from 0", "how much of each", "bundled"):
        assert word in text


def test_info_of_a_component_has_its_ports_and_config(cli: Callable) -> None:
    told = cli("info", "doodle/encoder", "--json").json
    assert told["takes"] == {"sketch": "sketch (N,1,32,32)"}
    assert told["gives"] == {"latent": "latent (N,8)"}
    assert told["fields"] == {"size": "32", "dim": "8"}
    assert "looks at a drawing" in cli("info", "doodle/encoder").out


def test_info_of_a_known_model_that_is_absent_says_what_to_install(
    cli: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from s2pzoo.cli import describing
    from s2pzoo.host.registry import Registry

    catalogue = ghosts(tmp_path)
    registry = Registry(catalogue=lambda: catalogue)
    monkeypatch.setattr("s2pzoo.zoo.default_registry", lambda: registry)
    monkeypatch.setattr(describing, "default_catalogue", lambda: catalogue)
    done = cli("info", "ghost.small", "--json")
    assert done.code == 0
    assert done.json["installed"] is False
    assert done.json["distribution"] == "s2pzoo-ghost"
    assert "pip install s2pzoo-ghost" in cli("info", "ghost").out


def test_explain_shows_every_value_with_its_form(cli: Callable) -> None:
    told = cli("explain", "doodle", "--json").json
    assert told["input"] == {"sketch": "sketch (N,1,32,32)"}
    assert [(step["name"], step["side"]) for step in told["steps"]] == [
        ("encoder", False), ("redraw", True), ("painter", False),
    ]  # fmt: skip
    assert told["steps"][2]["reads"] == {"code": "latent (N,8)"}
    assert told["steps"][2]["gives"] == {"photo": "photo (N,3,32,32)"}
    text = cli("explain", "doodle").out
    assert "only when asked for" in text
    assert "redrawn: sketch (N,1,32,32)" in text


@pytest.mark.parametrize("at", [0, 1, 2])
@pytest.mark.parametrize("option", ["--no-plugins", "--no-plugins=other,doodle"])
def test_plugins_can_be_left_out_anywhere_in_the_line(cli: Callable[..., Any], option: str, at: int) -> None:
    words = ["info", "doodle.small"]
    done = cli(*words[:at], option, *words[at:])
    assert done.code == 1 and "E_PLUGIN_BLOCKED" in done.err and "--no-plugins" in done.err
    assert cli(*words).code == 0  # the next command knows nothing of it
    assert cli(*words, "--no-plugins=other").code == 0


def test_without_plugins_a_plugins_verb_is_none(cli: Callable[..., Any], drawing: Callable[..., Path]) -> None:
    assert cli("clean", "--help").code == 0
    assert cli("clean", drawing("a.png"), "--no-plugins").code == 2


def test_a_models_steps_are_drawn_into_a_file(cli: Callable[..., Any], tmp_path: Path) -> None:
    done = cli("explain", "doodle.small", "--svg", "steps.svg")
    assert done.code == 0 and "steps.svg" in done.out
    assert "<title>doodle.small</title>" in (tmp_path / "steps.svg").read_text()
    assert cli("explain", "doodle.small", "--svg", "steps.svg/folder.svg").code == 2
