"""The scores of an evaluation as a model card holds them. Torch-free."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def unpaired_rows(metrics: Path) -> list[dict[str, Any]]:
    """One row for each method, of the `metrics.json` that `s2pzoo eval unpaired` wrote."""
    told = json.loads(metrics.read_text())
    return [
        {
            "method": row["method"], "FID-squeeze": row["fid"], f"FID / {told['against']}": row["ratio"],
            "unit KID-squeeze": row["kid"], "gray FID-squeeze": row["gray_fid"], "LPIPS diversity": row["diversity"],
            "n": row["n"], "photos": row["photos"], "protocol": f"s2pzoo eval unpaired, {row['size']} pixels",
        }
        for row in told["rows"]
    ]  # fmt: skip


def retrieval_rows(answer: Path) -> list[dict[str, Any]]:
    """One row for each method, of the JSON that `s2pzoo eval retrieval --json` printed."""
    told = json.loads(answer.read_text())
    measured = [metric["name"] for metric in told["metrics"]]
    about = {
        "n": told["protocol"]["drawings"], "gallery": told["protocol"]["photos in the gallery"],
        "protocol": "s2pzoo eval retrieval",
    }  # fmt: skip
    return [{"method": row["name"], **{name: row[name] for name in measured}, **about} for row in told["rows"]]


def face_rows(given: str | Path) -> list[dict[str, Any]]:
    """One row for each method and level of roughness, of the `metrics.json` that `s2pzoo eval` wrote.

    `given` is its path, or `FACES=PATH`: whose faces they are, for a column of its own.
    """
    faces, _, metrics = str(given).rpartition("=")
    return [
        {
            **({"faces": faces} if faces else {}),
            "method": row["method"], "sketches": row["level"], "LPIPS-squeeze": row["lpips"], "SSIM": row["ssim"],
            "FID-squeeze": row["fid"], "n": row["n"],
            "protocol": f"s2pzoo eval, people held out; LPIPS and SSIM over {row['paired']}",
        }
        for row in json.loads(Path(metrics).read_text())["rows"]
    ]  # fmt: skip
