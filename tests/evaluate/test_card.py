"""What evaluations wrote, as rows of a model card."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tables import face_rows, retrieval_rows, unpaired_rows


def written(folder: Path, content: Any) -> Path:
    path = folder / "scores.json"
    path.write_text(json.dumps(content))
    return path


def test_faces_have_a_row_for_each_method_and_level(tmp_path: Path) -> None:
    rows = [
        {"method": "Ours", "level": level, "lpips": 0.1, "ssim": 0.7, "fid": 5.0, "n": 9, "paired": 3, "seconds": 1.0}
        for level in ("clean", "rough")
    ]
    made = face_rows(written(tmp_path, {"rows": rows}))
    assert [row["sketches"] for row in made] == ["clean", "rough"]
    assert "faces" not in made[0]
    assert face_rows(f"12 people={tmp_path / 'scores.json'}")[0] == {"faces": "12 people", **made[0]}
    assert made[0]["FID-squeeze"] == 5.0 and made[0]["protocol"].endswith("over 3") and "seconds" not in made[0]


def test_unpaired_scores_say_what_they_are_divided_by(tmp_path: Path) -> None:
    row = {"method": "UPS", "fid": 60.0, "kid": 0.1, "gray_fid": 50.0, "diversity": None, "ratio": 0.6, "n": 7,
           "photos": 18, "size": 128, "weights": {}}  # fmt: skip
    (made,) = unpaired_rows(written(tmp_path, {"against": "CycleGAN", "rows": [row]}))
    assert made["FID / CycleGAN"] == 0.6 and made["LPIPS diversity"] is None and "weights" not in made


def test_retrieval_has_a_row_for_each_method_with_the_gallery_it_searched(tmp_path: Path) -> None:
    told = {
        "protocol": {"drawings": 59, "photos in the gallery": 300},
        "metrics": [{"name": "acc@1"}, {"name": "acc@5"}],
        "rows": [{"name": "UPS", "acc@1": 0.1, "acc@5": 0.3}, {"name": "chance", "acc@1": 0.0, "acc@5": 0.02}],
    }
    ours, chance = retrieval_rows(written(tmp_path, told))
    assert ours == {"method": "UPS", "acc@1": 0.1, "acc@5": 0.3, "n": 59, "gallery": 300,
                    "protocol": "s2pzoo eval retrieval"}  # fmt: skip
    assert chance["method"] == "chance"
