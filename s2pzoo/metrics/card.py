"""The scores of an evaluation as a model card holds them. Torch-free."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def face_rows(metrics: Path) -> list[dict[str, Any]]:
    """One row for each method and level of roughness, of the `metrics.json` that `s2pzoo eval` wrote."""
    return [
        {
            "method": row["method"], "sketches": row["level"], "LPIPS-squeeze": row["lpips"], "SSIM": row["ssim"],
            "FID-squeeze": row["fid"], "n": row["n"],
            "protocol": f"s2pzoo eval, people held out; LPIPS and SSIM over {row['paired']}",
        }
        for row in json.loads(metrics.read_text())["rows"]
    ]  # fmt: skip
