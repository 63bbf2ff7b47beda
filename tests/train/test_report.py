from __future__ import annotations

import json
from pathlib import Path

import pytest

from s2pzoo.train import report as reports


def run(out: Path, *, progress: bool) -> None:
    with reports.Report(out=out, steps=4, start=0, log_every=2, progress=progress) as report:
        for done in range(1, 4):
            report.step(done, {"l1": float(done)}, images=8, seconds=done, rate=1.0)
        report.flush(3, images=8, seconds=3, rate=1.0)
        report.say("[done]")


def test_lines_hold_the_means_since_the_last_line(tmp_path: Path) -> None:
    run(tmp_path, progress=False)
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [(line["step"], line["losses"]) for line in lines] == [(2, {"l1": 1.5}), (3, {"l1": 3.0})]
    assert all(line["images_per_second"] > 0 for line in lines)


def test_without_a_terminal_plain_lines_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(reports, "PLAIN_SECONDS", 0.0)
    run(tmp_path, progress=True)
    said, told = capsys.readouterr()
    assert said == ""
    assert "step 3/4  0.1 min" in told and "l1 1.5" in told
    assert "[done]" in told and "\x1b" not in told


def test_on_a_terminal_there_is_a_bar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    run(tmp_path, progress=True)
    told = capsys.readouterr().err
    assert "3/4" in told and "\x1b" in told


def test_without_progress_nothing_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(tmp_path, progress=False)
    assert capsys.readouterr() == ("", "")
