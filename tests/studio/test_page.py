"""The page in a real browser: what people draw, what they see, what is never lost."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from studios import FACE, SKETCHES, Page, Studio, start

import s2pzoo
from s2pzoo.pipeline.result import read_provenance

pytestmark = pytest.mark.timeout(240)
SHOE = SKETCHES / "shoes" / "oxford.svg"
LINES = [[(0.2, 0.2), (0.5, 0.25), (0.8, 0.2)], [(0.3, 0.5), (0.3, 0.8)], [(0.6, 0.5), (0.75, 0.8), (0.5, 0.9)]]


def test_strokes_become_a_photo_and_more_strokes_another(opened: Page) -> None:
    opened.wait_for("document.querySelector('.photo').naturalWidth === 256")  # of the empty sheet: a face of many
    blank = opened.pixels()
    opened.draw(*FACE)
    opened.wait_for("document.querySelector('.photo').dataset.number > 1")
    opened.settle()
    drawn = opened.pixels()
    off = sum(abs(a - b) for a, b in zip(blank, drawn, strict=True)) / len(drawn)
    assert off > 2
    skin = drawn[4 * (18 * 32 + 11) : 4 * (18 * 32 + 11) + 3]
    assert skin[0] > skin[2] + 10  # a cheek
    assert opened.page.locator("#said").text_content() == ""


def test_the_photo_follows_while_the_pen_is_down(opened: Page) -> None:
    page, box = opened.page, opened.page.locator("#sheet canvas").bounding_box()
    before = opened.photos()
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.down()
    for step in range(40):
        page.mouse.move(box["x"] + 60 + 4 * step, box["y"] + 60 + 5 * step)
        page.wait_for_timeout(25)
    opened.wait_for(f"document.querySelector('.photo').dataset.number >= {before + 2}")
    assert opened.page.evaluate("() => !document.querySelector('#undo').disabled") is False  # it is not finished
    page.mouse.up()


def test_the_last_stroke_is_never_lost(opened: Page, tmp_path: Path) -> None:
    opened.draw(*FACE)
    opened.settle()
    opened.page.evaluate("() => {}")
    with opened.page.expect_download() as heard:
        opened.page.click("[data-pane=main] button:has-text('Save photo')")
    heard.value.save_as(tmp_path / "photo.png")
    with opened.page.expect_download() as heard:
        opened.page.select_option("#export", "png")
    heard.value.save_as(tmp_path / "drawing.png")
    told = read_provenance(tmp_path / "photo.png")
    assert told["model"] == "deepfacedrawing.faces256" and told["licence"]
    photo = s2pzoo.load("deepfacedrawing")(tmp_path / "drawing.png", fit=False)
    made = Image.open(tmp_path / "photo.png").convert("RGB")
    off = np.abs(np.asarray(photo, float) - np.asarray(made, float)).mean()
    assert off < 6  # the page paints at the model's size, the file is read from 1024


def test_a_hundred_random_undos_and_redos_restore_identical_strokes(opened: Page) -> None:
    chance = random.Random(3)
    states, at = [opened.stored() or []], 0
    for number in range(6):
        opened.draw([(0.1 + 0.1 * number, 0.2), (0.2 + 0.1 * number, 0.7), (0.3, 0.9)])
        states.append(opened.stored())
        at += 1
    assert [len(state) for state in states] == list(range(7))
    for step in range(100):
        back = chance.random() < 0.5
        opened.page.keyboard.press("Control+z" if back else "Control+Shift+z")
        at = max(0, at - 1) if back else min(6, at + 1)
        if step % 20 == 19:
            assert opened.stored() == states[at]
    opened.draw([(0.5, 0.5), (0.6, 0.6)])  # what was undone is gone
    assert opened.page.locator("#redo").is_disabled()
    assert len(opened.stored()) == at + 1


def test_a_reload_loses_nothing(opened: Page) -> None:
    opened.draw(*LINES)
    opened.page.locator("#option-faithfulness").fill("0.9")
    kept = opened.stored()
    assert len(kept) == 3
    opened.page.reload()
    opened.page.wait_for_selector("html[data-ready=yes]")
    assert opened.stored() == kept
    assert opened.page.locator("#option-faithfulness").input_value() == "0.9"


def test_a_stroke_drawn_just_before_the_tab_is_closed_is_kept(opened: Page, studio: Studio) -> None:
    opened.draw(LINES[0])
    again = opened.page.context.new_page()
    opened.page.close(run_before_unload=True)
    again.wait_for_timeout(500)
    other = Page(again).open(studio.address)
    assert len(other.stored()) == 1


def test_two_tabs_never_write_over_each_other(opened: Page, studio: Studio) -> None:
    opened.draw(*LINES)
    first = opened.stored()
    other = Page(opened.page.context.new_page()).open(studio.address)
    assert "another tab" in (other.page.locator("#said").text_content() or "")
    other.draw(LINES[1])
    assert len(other.stored()) == 1
    opened.page.bring_to_front()
    keys = opened.page.evaluate("() => Object.keys(localStorage).filter((key) => key.startsWith('s2pzoo:drawing:'))")
    kept = [json.loads(opened.page.evaluate("(key) => localStorage[key]", key))["marks"] for key in keys]
    assert sorted(map(len, kept)) == [1, 3] and first in kept


@pytest.mark.parametrize(("tool", "left"), [("eraser", 2), ("rubber", 4)])
def test_erasers_take_strokes_or_ink(opened: Page, tool: str, left: int) -> None:
    opened.draw(*LINES)
    opened.page.click(f"nav [data-tool={tool}]")
    opened.draw([(0.2, 0.65), (0.4, 0.65)])  # across the second
    marks = opened.stored()
    assert len(marks) == left
    assert (marks[-1].get("erase") is True) == (tool == "rubber")
    opened.page.keyboard.press("Control+z")
    assert len(opened.stored()) == 3


def test_the_drawing_is_moved_scaled_and_turned(opened: Page) -> None:
    opened.draw([(0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6)])
    before = opened.stored()[0]
    opened.page.click("nav [data-tool=move]")
    opened.draw([(0.5, 0.5), (0.6, 0.55)])
    moved = opened.stored()[0]
    for (x, y, _), (u, v, _) in zip(before["points"], moved["points"], strict=True):
        assert abs(u - x - 0.1) < 0.01 and abs(v - y - 0.05) < 0.01
    opened.page.focus("#sheet")
    opened.page.keyboard.press("Shift+ArrowLeft")
    assert abs(opened.stored()[0]["points"][0][0] - moved["points"][0][0] + 0.05) < 1e-6
    opened.page.keyboard.press(">")
    assert abs(opened.stored()[0]["width"] / before["width"] - 1.05) < 1e-6
    for _ in range(4):
        opened.page.keyboard.press("Control+z")
    assert opened.stored() in ([before], [])


def test_a_mirrored_and_zoomed_view_changes_no_stroke(opened: Page) -> None:
    opened.draw([(0.2, 0.3), (0.4, 0.3)])
    straight = opened.stored()[0]
    opened.page.keyboard.press("h")
    opened.page.keyboard.press("+")
    assert opened.stored() == [straight]
    opened.page.keyboard.press("0")
    opened.draw([(0.2, 0.3), (0.4, 0.3)])  # on the screen where the first was
    mirrored = opened.stored()[1]
    assert abs(mirrored["points"][0][0] - (1 - straight["points"][0][0])) < 0.01


def test_a_finger_draws_and_beside_a_stylus_it_does_not(opened: Page) -> None:
    send = """([type, kind, x, y, pressure]) => {
      const sheet = document.querySelector('#sheet'), box = sheet.querySelector('canvas').getBoundingClientRect();
      sheet.setPointerCapture = () => {};
      const at = {clientX: box.left + x * box.width, clientY: box.top + y * box.height};
      sheet.dispatchEvent(new PointerEvent(type, {...at, pointerId: kind === 'pen' ? 7 : 8, pointerType: kind, pressure,
        button: 0, bubbles: true, cancelable: true}));
    }"""

    def stroke(kind: str, y: float) -> None:
        for step, name in enumerate(["pointerdown", "pointermove", "pointermove", "pointerup"]):
            opened.page.evaluate(send, [name, kind, 0.2 + 0.15 * step, y, 0.1 + 0.25 * step])

    stroke("touch", 0.2)
    assert len(opened.stored()) == 1
    stroke("pen", 0.4)
    stroke("touch", 0.6)  # the palm
    marks = opened.stored()
    assert len(marks) == 2
    pressures = [point[2] for point in marks[1]["points"]]
    assert marks[1]["pen"] is True and pressures == sorted(pressures) and pressures[0] < pressures[-1]


def test_two_fingers_move_the_view_and_draw_nothing(opened: Page) -> None:
    opened.page.evaluate(
        """() => {
          const sheet = document.querySelector('#sheet');
          sheet.setPointerCapture = () => {};
          const send = (type, id, x, y) => sheet.dispatchEvent(new PointerEvent(type, {clientX: x, clientY: y,
            pointerId: id, pointerType: 'touch', button: 0, bubbles: true, cancelable: true}));
          const {left, top} = sheet.getBoundingClientRect();
          send('pointerdown', 1, left + 100, top + 100); send('pointermove', 1, left + 101, top + 100);
          send('pointerdown', 2, left + 200, top + 100);
          send('pointermove', 2, left + 300, top + 100);
          send('pointerup', 1, left + 100, top + 100); send('pointerup', 2, left + 300, top + 100);
        }"""
    )
    assert not opened.stored()
    assert "scale(2" in opened.page.locator(".board").get_attribute("style")


@pytest.mark.parametrize("kind", ["json", "svg", "png"])
def test_a_drawing_is_saved_and_opened_again(opened: Page, tmp_path: Path, kind: str) -> None:
    opened.draw(*LINES)
    before = opened.stored()
    with opened.page.expect_download() as heard:
        opened.page.select_option("#export", kind)
    heard.value.save_as(tmp_path / f"drawing.{kind}")
    opened.page.click("#new")
    opened.bring(tmp_path / f"drawing.{kind}")
    opened.wait_for("JSON.parse(localStorage['s2pzoo:last']) !== null")
    after = opened.stored()
    if kind == "png":
        assert after[0]["picture"].startswith("data:image/png")
        return
    assert [len(mark["points"]) for mark in after] == [len(mark["points"]) for mark in before]
    for one, two in zip(before, after, strict=True):
        assert abs(one["width"] - two["width"]) < 1e-4
        for (x, y, _), (u, v, _) in zip(one["points"], two["points"], strict=True):
            assert abs(x - u) < 1e-4 and abs(y - v) < 1e-4


def test_a_drawing_comes_by_drop_and_by_paste(opened: Page) -> None:
    text = SHOE.read_text()
    drop = """([name, text]) => { const data = new DataTransfer(); data.items.add(new File([text], name));
      dispatchEvent(new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true})); }"""
    opened.page.evaluate(drop, ["oxford.svg", text])
    opened.wait_for("document.querySelectorAll('#drawings .thumb').length === 1")
    dropped = opened.stored()
    paste = """(text) => { const data = new DataTransfer(); data.setData('text/plain', text);
      dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true})); }"""
    opened.page.evaluate(paste, text)
    opened.wait_for("document.querySelectorAll('#drawings .thumb').length === 2")
    assert opened.stored() == dropped and len(dropped) > 10


def test_a_bad_file_is_told_and_the_drawing_stays(opened: Page, tmp_path: Path) -> None:
    opened.draw(*LINES)
    (tmp_path / "bad.png").write_bytes(b"no picture")
    opened.page.set_input_files("#file", str(tmp_path / "bad.png"))
    opened.wait_for("document.querySelector('#said').textContent.includes('bad.png')")
    assert len(opened.stored()) == 3


def test_a_slider_changes_the_photo_and_can_be_put_back(opened: Page) -> None:
    opened.draw(*FACE)
    opened.settle()
    usual = opened.pixels()
    old = opened.page.locator("#option-traits-age")
    seen = opened.photos()
    old.fill("1")
    opened.wait_for(f"document.querySelector('.photo').dataset.number > {seen}")
    opened.settle()
    assert opened.pixels() != usual
    seen = opened.photos()
    opened.page.click("[data-option=traits] [aria-label='age as usual']")
    opened.wait_for(f"document.querySelector('.photo').dataset.number > {seen}")
    opened.settle()
    assert opened.pixels() == usual


def test_the_guide_lies_under_the_drawing(opened: Page) -> None:
    opened.draw(*FACE[:2])
    opened.page.wait_for_selector(".under:not([hidden])")
    opened.page.locator("#opacity").fill("0.3")
    assert opened.page.locator(".under").evaluate("(image) => image.style.opacity") == "0.3"
    assert opened.page.locator(".guides circle").count() == 2  # the pupils


def test_tools_and_values_on_the_way_are_shown(opened: Page) -> None:
    opened.draw(*FACE)
    opened.page.locator(".asked input").first.check()
    opened.page.wait_for_selector("[data-pane=main] figure[data-value=refined_sketch] img")
    opened.page.click("#copy")
    opened.draw(*LINES)
    opened.page.locator("[data-tool=morph] summary").click()
    opened.page.locator("#tool-morph-b").focus()
    opened.page.select_option("#tool-morph-b", index=1)
    opened.page.click("[data-tool=morph] .go")
    opened.page.wait_for_selector("[data-tool=morph] .results img")
    first = opened.pixels("[data-tool=morph] .results img")
    opened.page.locator("#tool-morph-t").fill("1")
    opened.wait_for("document.querySelector('[data-tool=morph] .results').dataset.number > 1")
    assert opened.pixels("[data-tool=morph] .results img") != first


def test_models_stand_side_by_side_on_one_drawing(opened: Page) -> None:
    opened.draw(*FACE)
    opened.page.focus("select.beside")
    opened.page.select_option("select.beside", "contextualgan.faces64")
    opened.wait_for("document.querySelectorAll('.pane .photo:not([hidden])').length === 2")
    assert opened.page.locator(".pane .photo").nth(1).evaluate("(image) => image.naturalWidth") == 64
    opened.page.reload()
    opened.page.wait_for_selector("html[data-ready=yes]")
    assert opened.page.locator(".panes > .pane").count() == 2


def test_a_shoe_takes_a_colour_and_a_reference(opened: Page, tmp_path: Path) -> None:
    opened.page.select_option("#model", "ups.shoes128")
    opened.wait_for("document.querySelector('#options [data-option=colour]') !== null")
    opened.bring(SHOE)
    opened.wait_for("document.querySelector('.photo').naturalWidth === 128")

    def reddest() -> int:
        bytes_ = opened.pixels()
        return max(bytes_[i] - bytes_[i + 2] for i in range(0, len(bytes_), 4))

    opened.settle()
    assert reddest() < 90
    opened.page.click("[data-option=colour] [aria-label=red]")
    opened.settle()
    assert reddest() > 90
    Image.new("RGB", (64, 64), (30, 90, 200)).save(tmp_path / "blue.png")
    seen = opened.photos()
    opened.page.set_input_files("#option-reference", str(tmp_path / "blue.png"))
    opened.wait_for(f"document.querySelector('.photo').dataset.number > {seen}")
    assert reddest() < 60


def test_it_begins_with_the_model_asked_for_and_keeps_what_was_chosen_then(page: Any) -> None:
    own = start("-m", "ups")
    try:
        shoes = Page(page).open(own.address)
        assert page.locator("#model").input_value() == s2pzoo.describe("ups")["name"]
        shoes.draw(*LINES)
        page.select_option("#model", "contextualgan.faces64")
        shoes.wait_for("document.querySelector('#options [data-option=steps]') !== null")
        assert len(shoes.stored()) == 3
        page.reload()
        page.wait_for_selector("html[data-ready=yes]")
        assert page.locator("#model").input_value() == "contextualgan.faces64"
    finally:
        own.stop()


def test_what_is_missing_is_painted_and_filled(opened: Page) -> None:
    opened.page.select_option("#model", "contextualgan.faces64")
    opened.bring(SKETCHES / "faces" / "marker_woman.svg")
    opened.wait_for("/^\\d+ ms$/.test(document.querySelector('.time').textContent)")  # the search has ended
    opened.page.locator("[data-tool=complete] summary").click()
    opened.page.locator("#tool-complete-photo").focus()
    opened.page.select_option("#tool-complete-photo", index=1)
    opened.page.click("[data-tool=complete] button:has-text('Paint it')")
    box = opened.page.locator(".mask").first.bounding_box()
    opened.page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.7)
    opened.page.mouse.down()
    opened.page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.72)
    opened.page.mouse.up()
    opened.page.click("[data-tool=complete] .go")
    opened.page.wait_for_selector("[data-tool=complete] .results img")
    before, after = opened.pixels(), opened.pixels("[data-tool=complete] .results img")
    corner = slice(0, 4 * 32 * 4)
    assert max(abs(a - b) for a, b in zip(before[corner], after[corner], strict=True)) <= 2 and before != after


def test_the_page_is_fit_for_everybody(opened: Page) -> None:
    from axe_playwright_python.sync_playwright import Axe

    opened.draw(*FACE)
    opened.settle()
    for theme in ("light", "dark"):
        if opened.page.evaluate("() => document.documentElement.dataset.theme") != theme:
            opened.page.click("#theme")
        found = Axe().run(opened.page).response["violations"]
        assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == []


def test_it_fits_a_phone(page: Any, studio: Studio) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    phone = Page(page).open(studio.address)
    assert page.evaluate("() => document.documentElement.scrollWidth <= 360")
    phone.draw(*LINES)
    assert len(phone.stored()) == 3


def test_everything_can_be_done_with_keys(opened: Page) -> None:
    opened.page.keyboard.press("e")
    assert opened.page.locator("nav [data-tool=rubber]").get_attribute("aria-checked") == "true"
    opened.page.focus("nav [data-tool=rubber]")
    opened.page.keyboard.press("ArrowUp")
    assert opened.page.locator("nav [data-tool=pen]").get_attribute("aria-checked") == "true"
    opened.page.keyboard.press("?")
    assert opened.page.locator("#keys").is_visible()
    opened.page.keyboard.press("Escape")
    assert not opened.page.locator("#keys").is_visible()
    before = opened.page.locator("#width").input_value()
    opened.page.keyboard.press("]")
    assert float(opened.page.locator("#width").input_value()) == float(before) + 0.5


def test_when_the_server_is_gone_one_draws_on_and_it_comes_back(page: Any) -> None:
    first = start()
    port = int(first.base.rpartition(":")[2])
    own = Page(page).open(first.address)
    own.draw(LINES[0])
    first.stop()
    own.wait_for("document.querySelector('#state').textContent.includes('gone')")
    own.draw(LINES[1])
    assert len(own.stored()) == 2
    again = start(port=port)
    try:
        own.page.wait_for_timeout(1500)
        assert "gone" in (page.locator("#state").text_content() or "")  # a new studio has a new token
        own.page.goto(again.address)
        own.page.wait_for_selector("html[data-ready=yes]")
        assert len(own.stored()) == 2
    finally:
        again.stop()


def test_without_the_token_the_page_is_refused(page: Any, studio: Studio) -> None:
    answer = page.goto(studio.base)
    assert answer.status == 403 and "s2pzoo studio" in page.content()
