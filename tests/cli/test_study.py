"""`s2pzoo study`: begun, and reported; that it runs is in tests/studio."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from s2pzoo.studio.study import open_study


def test_verbs_begin_a_study_and_report_it(cli: Callable, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for name in "abc":
        Image.new("RGB", (80, 60), "red").save(photos / f"{name}.png")
    folder, sheet = tmp_path / "s", tmp_path / "answers.csv"
    done = cli("study", "new", folder, photos, "-m", "doodle.small", "-m", "doodle.plain", "-n", "2")
    assert done.code == 0 and "2 photos, 2 models" in done.out
    opened = open_study(folder)
    opened.answer("me", opened.photos[0], [4, 2], [[0, 1]])
    told = json.loads(cli("study", "report", folder, "--csv", sheet, "--json").out)
    assert told["painters"] == 1 and told["models"][0]["judged"] == 1
    assert len(list(csv.DictReader(sheet.open()))) == 3
    assert "95 %" in cli("study", "report", folder).out
    assert cli("study", "report", folder, "--csv", sheet).code == 2
    assert cli("study", "run", folder, "--painter", "../you").code == 2
