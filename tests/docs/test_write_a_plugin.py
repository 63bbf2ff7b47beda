"""docs/write-a-plugin.md, followed to the letter in an environment of its own, with a Hub on this machine."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from PIL import Image
from processes import Environment

from s2pzoo.testing.hub import TOKEN

PAGE = Path(__file__).resolve().parents[2] / "docs" / "write-a-plugin.md"
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# ([\w./-]+\.(?:toml|py|md))\n")
ME = "me/blueprint"


def test_the_first_plugin_is_of_forty_lines() -> None:
    first = {}
    for _, body in _FENCE.findall(PAGE.read_text(encoding="utf-8")):
        if name := _FILE.match(body):
            first.setdefault(name[1], body.splitlines()[1:])
    lines = [line for name in ("plugin.py", "method.py") for line in first[f"s2pzoo_blueprint/{name}"] if line.strip()]
    assert len(lines) <= 42


@pytest.mark.slow
def test_the_page_leads_from_nothing_to_a_published_plugin(environment: Environment, hub, tmp_path: Path) -> None:
    site = tmp_path / "blueprint"
    (site / "s2pzoo_blueprint").mkdir(parents=True)
    (site / "s2pzoo_blueprint" / "__init__.py").touch()
    said: dict[str, str] = {}
    network = {"HF_ENDPOINT": hub.endpoint, "HF_TOKEN": TOKEN, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"}

    def run(line: str) -> str:
        program, *words = shlex.split(line)
        if line == "pip install -e .":
            environment.install(site, editable=True)
            return ""
        module = [] if program == "python" else ["-m", program]
        return environment.run(*module, *words, cwd=site, **network)

    for language, body in _FENCE.findall(PAGE.read_text(encoding="utf-8")):
        if name := _FILE.match(body):
            (site / name[1]).parent.mkdir(parents=True, exist_ok=True)
            (site / name[1]).write_text(body.removeprefix(name[0]) if language == "markdown" else body)
        elif language == "bash":
            said |= {line: run(line) for line in body.splitlines()}

    gray, blue, negative = (Image.open(site / name).convert("RGB") for name in ("gray.png", "blue.png", "negative.png"))
    (red, _, blueish), (not_red, _, not_blue) = (one.getpixel((2, 2)) for one in (blue, negative))  # pyright: ignore
    assert gray.size == (256, 256) and blueish > red + 80 and not_red > not_blue + 80
    assert "blueprint.classic@" in said["python use.py"]
    assert "passed" in said["pytest -q tests"] and "0 failed" in said["s2pzoo check blueprint"]

    (pinned,) = set(re.findall(rf"{ME}@[0-9a-f]{{40}}", said[f"s2pzoo publish s2pzoo_blueprint/weights/classic {ME}"]))
    plugin = site / "s2pzoo_blueprint" / "plugin.py"
    plugin.write_text(plugin.read_text().replace('Weights(bundled="weights/classic")', f'Weights(hub="{pinned}")'))
    shutil.rmtree(site / "s2pzoo_blueprint" / "weights")
    environment.install(site)
    made = environment.run(
        "-c", "import s2pzoo; print(s2pzoo.load('blueprint').run('0.png').provenance['weights'])",
        cwd=site / "data/sketch", **network,
    )  # fmt: skip
    assert "blueprint.classic@" in made
