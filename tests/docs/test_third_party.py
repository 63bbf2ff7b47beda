"""examples/third_party, a plugin that nothing in s2pzoo knows: its README is followed in an environment of its own."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from processes import Environment

from s2pzoo.testing.painted import write_backbone

HOME = Path(__file__).resolve().parents[2] / "examples" / "third_party"


def test_nothing_here_knows_it() -> None:
    ours = [*(HOME.parents[1] / "s2pzoo").rglob("*.py"), *(HOME.parents[1] / "plugins").rglob("*.py")]
    assert not [path for path in ours if "s2pzoo_patches" in path.read_text(encoding="utf-8")]


@pytest.mark.slow
def test_its_readme_leads_to_houses(environment: Environment, tmp_path: Path) -> None:
    site = shutil.copytree(HOME, tmp_path / "patches", ignore=shutil.ignore_patterns("data", "weights", "__pycache__"))
    (block,) = re.findall(r"^```bash\n(.*?)^```$", (HOME / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    more = {
        "train": ["schedule.steps=10"],
        "eval": ["-n", "4", "--paired", "4", "--backbone", str(write_backbone(tmp_path / "net.safetensors"))],
    }
    said = {}
    for line in block.splitlines():
        program, *words = shlex.split(line)
        if program == "pip":
            environment.install(site, editable=True)
            continue
        module = [] if program == "python" else ["-m", program]
        said[words[0]] = environment.run(*module, *words, *more.get(words[0], []), cwd=site)
    assert "0 failed" in said["check"] and "patches" in said["eval"]
    house, truth = (
        np.asarray(Image.open(path).convert("RGB").resize((64, 64)), float)
        for path in (site / "house.png", site / "data/houses/photo/060.png")
    )
    assert abs(house - truth).mean() < 30  # of 255: sky, meadow, walls and roof are where they belong
    assert Image.open(site / "sources.png").width % 64 == 0
