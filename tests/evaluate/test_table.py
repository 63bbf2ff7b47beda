from __future__ import annotations

import json
import subprocess
import sys

from s2pzoo.evaluate.table import Metric, Row, Table

TABLE = Table(
    title="faces",
    metrics=[Metric(name="LPIPS", better="lower"), Metric(name="SSIM", better="higher", digits=2), Metric(name="ms")],
    rows=[
        Row(name="ours", values={"LPIPS": 0.1234, "SSIM": 0.501, "ms": 100}),
        Row(name="a|b", values={"LPIPS": 0.2, "SSIM": 0.499, "ms": float("nan")}),
        Row(name="none", values={"SSIM": None}),
    ],
    protocol={"n": 1000, "backbone": "squeezenet1_1"},
)


def test_markdown_has_arrows_and_the_best_in_bold_ties_included() -> None:
    assert TABLE.to_markdown().splitlines() == [
        "**faces**",
        "",
        "| method | LPIPS ↓ | SSIM ↑ | ms |",
        "|---|---:|---:|---:|",
        "| ours | **0.123** | **0.50** | 100.000 |",
        "| a\\|b | 0.200 | **0.50** | – |",
        "| none | – | – | – |",
        "",
        "n: 1000; backbone: squeezenet1_1",
    ]


def test_json_has_every_digit_and_null_for_what_is_missing() -> None:
    tree = json.loads(TABLE.to_json())
    assert tree["rows"][0] == {"name": "ours", "LPIPS": 0.1234, "SSIM": 0.501, "ms": 100}
    assert tree["rows"][1]["ms"] is None
    assert tree["protocol"]["n"] == 1000


def test_tables_need_no_torch() -> None:
    code = "import sys; sys.modules['torch'] = None; import s2pzoo.evaluate.table, s2pzoo.train.recipe"
    subprocess.run([sys.executable, "-c", code], check=True)
