"""morph, mix and shadow, on a family that has them and on one that has not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from s2pzoo.cli.tools import read_parts, read_timing, timed
from s2pzoo.errors import BadOptionError, UsageError


@pytest.mark.parametrize("suffix", [".webp", ".gif"])
def test_morph_makes_an_animation(cli: Callable, drawing: Callable, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"morph{suffix}"
    done = cli("morph", drawing("a.png"), drawing("b.svg"), "-o", out, "--frames", 4, "--boomerang", "--json")
    assert done.code == 0, done.err
    assert done.json["frames"] == 6
    picture = Image.open(out)
    assert getattr(picture, "n_frames", 1) == 6
    assert picture.size == (32, 32)


def test_morph_with_a_timing_for_a_component(cli: Callable, drawing: Callable, tmp_path: Path) -> None:
    a, b = drawing("a.png"), drawing("b.svg")
    arguments = ("morph", a, b, "-o", tmp_path / "m.webp", "--frames", 3)
    assert cli(*arguments, "-t", "nose=0:0.5", "-t", "all=1").code == 0
    unknown = cli(*arguments, "-t", "nsoe=0:0.5", "--json")
    assert unknown.code == 2
    assert unknown.json["error"]["code"] == "E_UNKNOWN_OPTION"
    assert cli(*arguments, "-t", "nose").code == 2


def test_the_t_of_every_component_at_a_moment() -> None:
    spans = read_timing(["nose=0:0.5", "mouth=0.5:1", "hair=0.3"])
    assert timed(0.25, {}) == 0.25
    assert timed(0.25, spans) == {"all": 0.25, "nose": 0.5, "mouth": 0.0, "hair": 0.3}
    assert timed(1.0, spans) == {"all": 1.0, "nose": 1.0, "mouth": 1.0, "hair": 0.3}
    assert timed(0.5, read_timing(["all=0"])) == {"all": 0.0}
    for wrong in ("nose=1:0", "nose=0:2", "nose=0.5:0.5", "nose=-1"):
        with pytest.raises(BadOptionError):
            read_timing([wrong])
    for wrong in ("nose", "nose=", "=0:1", "nose=a:b"):
        with pytest.raises(UsageError):
            read_timing([wrong])


def test_morph_refuses_a_file_that_is_no_animation_or_a_drawing(
    cli: Callable, drawing: Callable, tmp_path: Path
) -> None:
    a, b = drawing("a.png"), drawing("b.webp")
    assert cli("morph", a, b, "-o", tmp_path / "m.png").code == 2
    content = b.read_bytes()
    assert cli("morph", a, b, "-o", b).code == 2
    assert b.read_bytes() == content


def test_mix_takes_components_from_several_drawings(cli: Callable, drawing: Callable, tmp_path: Path) -> None:
    a, b = drawing("a.png"), drawing("b.svg")
    done = cli("mix", f"nose={a}", f"mouth={b}", "-m", "doodle", "-o", tmp_path / "x.png", "--json")
    assert done.code == 0, done.err
    assert done.json["sketches"] == {"nose": str(a), "mouth": str(b)}
    assert Image.open(tmp_path / "x.png").size == (32, 32)
    assert cli("mix", f"nose={a}").out.strip() == "out/mix.png"
    assert cli("mix", f"ear={a}", "--json").json["error"]["code"] == "E_UNKNOWN_OPTION"
    assert cli("mix", "nose", "--json").json["error"]["code"] == "E_USAGE"
    with pytest.raises(UsageError, match="twice"):
        read_parts(["nose=a", "nose=b"])


def test_shadow_is_written_beside_its_drawing(cli: Callable, drawing: Callable, tmp_path: Path) -> None:
    done = cli("shadow", drawing("a.png"), "-o", tmp_path, "--json")
    assert done.code == 0, done.err
    assert done.json["file"] == str(tmp_path / "a-shadow.png")
    assert max(Image.open(tmp_path / "a-shadow.png").convert("L").tobytes()) == 128


@pytest.mark.parametrize("verb", ["morph", "mix", "shadow"])
def test_a_model_without_the_extra_says_which_have_it(cli: Callable, drawing: Callable, verb: str) -> None:
    a = drawing("a.png")
    arguments = {"morph": (a, a, "-o", "m.gif"), "mix": (f"nose={a}",), "shadow": (a,)}[verb]
    done = cli(verb, *arguments, "-m", "doodle.plain", "--json")
    assert done.code == 2
    assert done.json["error"]["code"] == "E_USAGE"
    assert done.json["error"]["fix"] == "Models that can: doodle.small."
