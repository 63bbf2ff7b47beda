"""Studies: what is shown, what is kept of answers, what they come to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from studios import FACE, SKETCHES, Page, start

from s2pzoo.errors import BadInputError, OutputError, UsageError
from s2pzoo.studio.study import ANSWERS, Study, new_study, open_study, report, rows

MODELS = ("ups.shoes128", "ups.chairs128")


@pytest.fixture
def photos(tmp_path: Path) -> dict[str, Path]:
    """Three photos of one colour each."""
    found = {}
    for name, colour in (("a", "red"), ("b", "green"), ("c", "blue")):
        found[name] = tmp_path / "photos" / f"{name}.png"
        found[name].parent.mkdir(exist_ok=True)
        Image.new("RGB", (80, 60), colour).save(found[name])
    return found


@pytest.fixture
def study(tmp_path: Path, photos: dict[str, Path]) -> Study:
    return new_study(tmp_path / "study", photos, MODELS, seconds=0.2, seed=3)


def test_a_study_is_what_it_was_written_as(study: Study) -> None:
    assert open_study(study.folder) == study
    assert sorted(study.photos) == ["a", "b", "c"] and study.models == MODELS
    assert Image.open(study.photo("a")).size == (512, 512)


def test_the_order_is_of_the_painter_and_the_photo_and_stays(study: Study) -> None:
    orders = {(who, name): study.order(who, name) for who in map(str, range(20)) for name in study.photos}
    assert all(sorted(order) == sorted(MODELS) for order in orders.values())
    assert len({tuple(order) for order in orders.values()}) == 2
    assert all(study.order(*key) == order for key, order in orders.items())


def test_answers_are_kept_by_model_and_the_newest_counts(study: Study) -> None:
    places = [study.order("me", "a").index(model) for model in MODELS]
    for scores in ((1, 1), (5, 2)):
        meant = [scores[places.index(place)] for place in range(2)]
        study.answer("me", "a", meant, [[places[0], places[1]]])
    (one,) = study.answers()
    assert one["meant"] == dict(zip(MODELS, (5, 2), strict=True)) and one["better"] == [list(MODELS)]
    assert "a" not in study.left("me") and len(study.left("me")) == 2 and len(study.left("you")) == 3
    with (study.folder / ANSWERS).open("a") as file:
        file.write('{"painter": "me", "ph')  # the power went
    assert study.answers() == [one]
    for name in "bc":
        study.answer("me", name, [3, 3], [[0, 1]])
    assert study.left("me") == [] and study.answers()[0] == one


@pytest.mark.parametrize(
    ("meant", "better"), [([5], [[0, 1]]), ([5, 6], [[0, 1]]), ([5, 1], []), ([5, 1], [[0, 0]]), ([5, 1], [[0, 2]])]
)
def test_answers_to_other_questions_are_refused(study: Study, meant: list[int], better: list[list[int]]) -> None:
    with pytest.raises(BadInputError):
        study.answer("me", "a", meant, better)
    assert study.answers() == []


def test_the_report_counts_and_says_how_sure_it_is(study: Study) -> None:
    for who in range(4):
        for name in study.photos:
            order = study.order(str(who), name)
            good = order.index(MODELS[0])
            study.answer(str(who), name, [5 if place == good else 2 for place in range(2)], [[good, 1 - good]])
    told = report(study)
    assert told["painters"] == 4
    first, second = told["models"]
    assert (first["meant"], first["low"], first["high"], first["judged"]) == (5, 5, 5, 12) and second["meant"] == 2
    (pair,) = told["pairs"]
    assert pair["nearer"] == 1 and pair["low"] == pytest.approx(0.7575, abs=1e-3) and pair["high"] == 1
    assert pair["p"] == pytest.approx(2 * 0.5**12)
    assert len(rows(study)) == 12 * 3


def test_an_interval_holds_how_painters_differ(study: Study) -> None:
    for who, score in (("mild", 5), ("harsh", 1)):
        for name in study.photos:
            study.answer(who, name, [score, score], [[0, 1]])
    told = report(study)["models"][0]
    assert (told["meant"], told["low"], told["high"]) == (3, 1, 5)  # three photos of two painters are no six


def test_without_answers_there_is_nothing_to_say(study: Study) -> None:
    told = report(study)
    assert told["models"][0]["meant"] is None and told["pairs"][0]["nearer"] is None and rows(study) == []


def test_what_is_no_study_or_one_already_is_told(study: Study, tmp_path: Path, photos: dict[str, Path]) -> None:
    with pytest.raises(BadInputError, match="is no study"):
        open_study(tmp_path)
    with pytest.raises(OutputError, match="is a study already"):
        new_study(study.folder, photos, MODELS)
    with pytest.raises(UsageError, match="wants models"):
        new_study(tmp_path / "other", photos, ())


def test_somebody_looks_draws_judges_and_goes_on_another_day(page: Any, study: Study, tmp_path: Path) -> None:
    run = start(str(study.folder), "--painter", "me", verb=("study", "run"), plugins=("ups",))
    try:
        own = Page(page)
        own.page.goto(run.address)
        own.page.click("#begin")
        own.page.wait_for_selector("#photo:not([hidden])")
        own.page.wait_for_selector("#draw:not([hidden])")
        assert own.page.locator("#photo").get_attribute("src") is None  # it is gone
        own.draw(*FACE)
        own.page.click("#done")
        own.page.wait_for_selector("#judge:not([hidden])", timeout=60_000)
        name = study.photos[0]
        drawn = study.drawing("me", name)
        assert drawn and len(json.loads(drawn.read_text())["strokes"]) == len(FACE)
        own.page.reload()  # what was drawn is judged, and not drawn again
        own.page.wait_for_selector("#judge:not([hidden])", timeout=60_000)
        from axe_playwright_python.sync_playwright import Axe

        assert Axe().run(own.page).response["violations"] == []
        own.page.check("[name=meant-0][value='5']")
        own.page.check("[name=meant-1][value='2']")
        own.page.click("#judge button")
        own.page.click("#two button[data-place='0']")
        own.page.wait_for_selector("html[data-left='2']")
        (one,) = study.answers()
        first, second = study.order("me", name)
        assert one["meant"] == {first: 5, second: 2} and one["better"] == [[first, second]]
        assert own.faults == []
    finally:
        run.stop()
    drawings = tmp_path / "elsewhere"
    drawings.mkdir()
    for left in study.photos[1:]:
        (drawings / f"{left}.svg").write_bytes((SKETCHES / "shoes" / "oxford.svg").read_bytes())
    run = start(
        str(study.folder), "--painter", "me", "--drawings", str(drawings), verb=("study", "run"), plugins=("ups",)
    )
    try:
        page.goto(run.address)
        for _ in study.photos[1:]:
            page.wait_for_selector("#judge:not([hidden])", timeout=60_000)
            for place in (0, 1):
                page.check(f"[name=meant-{place}][value='3']")
            page.click("#judge button")
            page.click("#two button >> nth=0")
            page.wait_for_function("() => document.documentElement.dataset.step !== 'compare'")
        page.wait_for_selector("#end:not([hidden])")
    finally:
        run.stop()
    assert study.left("me") == [] and report(study)["models"][0]["judged"] == 3
