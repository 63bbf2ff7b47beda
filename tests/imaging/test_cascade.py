"""Style sheets: what a browser shows of a drawing is what is read, whatever way it was said."""

from __future__ import annotations

import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s2pzoo.imaging.cascade import cascade
from s2pzoo.imaging.drawer import TooCostlyError
from s2pzoo.imaging.read import read_sketch
from s2pzoo.imaging.svg import draw_svg, svg_strokes

PATHS = '<g id="face1" class="lines"><path d="M0 20H100"/><path id="eye" class="a b" d="M0 80H100"/></g>'


def cascaded(body: str, *, seconds: float = 5.0) -> ElementTree.Element:
    root = ElementTree.fromstring(f'<svg viewBox="0 0 100 100">{body}</svg>')
    cascade(root, seconds=seconds)
    return root


def stroke_of_eye(sheet: str, paths: str = PATHS) -> str:
    eye = cascaded(f"<style>{sheet}</style>{paths}").find(".//*[@id='eye']")
    assert eye is not None
    told = [one.partition(":") for one in eye.get("style", "").split(";") if one]
    return {name: value for name, _, value in told}.get("stroke", "")


@pytest.mark.parametrize(
    "selector",
    [
        "path:not(.c)", "path:nth-child(2)", "path:last-child", "path ~ path", "path + path", "g > .b", "#eye", "*",
        "[id^=ey]", "[class~=b]", "g[id$='1'] path", ":root path", "rect, .a", "path:is(.a, .c)",
        "path:nth-of-type(even)", ".lines path.a.b", "PATH.a",
    ],
)  # fmt: skip
def test_a_selector_finds_what_browsers_find(selector: str) -> None:
    selector = selector.replace(">", "&gt;")
    wanted = "" if selector == "PATH.a" else "red"  # names are as they are written in XML
    assert stroke_of_eye(f"{selector} {{stroke: red}}") == wanted


@pytest.mark.parametrize(
    "selector", ["path:nth-child(1)", "path:not(.a)", "g ~ path", "[id^=x]", ".a::before", "path:hover", ".c, ..a", "{"]
)
def test_and_nothing_else(selector: str) -> None:
    assert stroke_of_eye(f"{selector} {{stroke: red}}") == ""


@pytest.mark.parametrize(
    ("sheet", "stroke"),
    [
        ("#eye {stroke: red} .a {stroke: blue}", "red"), (".a {stroke: red} .b {stroke: blue}", "blue"),
        (".a {stroke: red !important} #eye {stroke: blue}", "red"), ("g .a {stroke: red} .a {stroke: blue}", "red"),
        ("@media screen {.a {stroke: red}}", "red"), ("@media print {.a {stroke: red}}", ""),
        ("@media (prefers-color-scheme: dark) {.a {stroke: red}}", ""), ("@media not print {.a {stroke: red}}", "red"),
        ("@media print, screen and (min-width: 9px) {.a {stroke: red}}", "red"),
        ("@supports (fill: red) {@media all {.a {stroke: red}}}", "red"),
        ("@keyframes k {from {stroke: red}} @font-face {font-family: x} @import 'x.css'; .b {stroke: blue}", "blue"),
        ("/* .a {} */ .a {stroke: url('data:;a{}'); stroke: red;;; : x} .a", "red"),
        (".a {stroke: red", "red"),
    ],
)  # fmt: skip
def test_the_strongest_rule_holds(sheet: str, stroke: str) -> None:
    assert stroke_of_eye(sheet) == stroke


@pytest.mark.parametrize(
    ("own", "stroke"), [("stroke:blue", "blue"), ("stroke:blue!important", "blue"), ("fill:none", "green")]
)
def test_what_an_element_says_itself_is_stronger_than_a_sheet(own: str, stroke: str) -> None:
    assert stroke_of_eye(".a {stroke: green}", f'<path id="eye" class="a" style="{own}"/>') == stroke
    important = stroke_of_eye(".a {stroke: green !important}", f'<path id="eye" class="a" style="{own}"/>')
    assert important == ("blue" if "!" in own else "green")


@pytest.mark.parametrize(
    "css",
    [
        "transform: translate(50px, 0)", "TRANSFORM: translateX(50px)", "transform: translate(50,0)",
        "transform: rotate(.5turn); transform-origin: 29.5px 4.5px", "x: 50px",
    ],
)  # fmt: skip
def test_what_is_moved_by_a_style_is_drawn_there(css: str) -> None:
    for body in (f'<style>.a {{{css}}}</style><rect class="a"', f'<rect style="{css}"'):
        shape = f'{body} width="9" height="9"/>'
        drawn = draw_svg(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">{shape}</svg>'.encode())
        assert drawn.image.getbbox() == (384, 0, 453, 69)


@pytest.mark.parametrize(
    ("sheets", "stroke"),
    [
        ('<style media="print">.a {stroke: red}</style>', ""),
        ('<style type="text/plain">.a {stroke: red}</style>', ""),
        ('<style media="screen" type="text/css">.a {STROKE: red}</style>', "red"),
        ("<style>.b {fill: red</style><style>}.a {stroke: blue}</style>", ""),
        ("<style>@media not all and (monochrome) {.a {stroke: red}}</style>", "red"),
        ("<style>@media (min-width: 5000px) {.a {stroke: red}}</style>", ""),
        ("<style>@supports not (display: grid) {.a {stroke: red}}</style>", ""),
        ("<style>.a {stroke: red; stroke:; --Ink: 1}</style>", "red"),
    ],
)  # fmt: skip
def test_sheets_hold_where_they_are_meant_to(sheets: str, stroke: str) -> None:
    eye = cascaded(sheets + PATHS).find(".//*[@id='eye']")
    assert eye is not None
    assert dict(one.split(":") for one in eye.get("style", "").split(";") if one).get("stroke", "") == stroke


def test_several_sheets_are_one_and_are_taken_out() -> None:
    root = cascaded(f"<style>.a {{stroke: red}}</style>{PATHS}<defs><style>.b {{stroke: blue}}</style></defs>")
    eye = root.find(".//*[@id='eye']")
    assert root.find(".//style") is None and eye is not None
    assert eye.get("style", "").endswith("stroke:blue")


@pytest.mark.parametrize(
    ("said", "attribute", "value"),
    [
        ("transform: translate(10px, 20px)", "transform", "translate(10, 20)"),
        ("transform: rotate(.25turn)", "transform", "rotate(90)"),
        ("transform: rotate(-45deg)", "transform", "rotate(-45)"),
        ("transform: translateX(5px) scaleY(2)", "transform", "translate(5) scale(1 2)"),
        ("transform: none", "transform", ""), ("r: 40px", "r", "40"), ("cx: 50", "cx", "50"),
        ("width: 50%", "width", "50%"),
        ("width: auto", "width", "7"), ("d: path('M0 0H9')", "d", "M0 0H9"), ("d: none", "d", "M1 1"),
        ("stroke-width: 9px", "width", "7"),
    ],
)  # fmt: skip
def test_places_and_transformations_may_be_said_in_a_style(said: str, attribute: str, value: str) -> None:
    shape = '<path id="eye" width="7" d="M1 1" transform="scale(2)" class="a"/>'
    for drawing in (f"<style>.a {{{said}}}</style>{shape}", shape.replace('class="a"', f'style="{said}"')):
        eye = cascaded(drawing).find(".//*[@id='eye']")
        assert eye is not None and eye.get(attribute) == value


@pytest.mark.parametrize(
    "sheet",
    [
        "svg g g g g path {stroke: red}", "path ~ path ~ path {stroke: red}",
        "g:has(g:has(g:has(path))) path {stroke: red}",
        "".join(f".a{i} {{stroke: red}}" for i in range(60_000)), "*{stroke:red}" * 3000,
        f"path {{{'fill:red;' * 9000}}}", f"{','.join(['.a'] * 100_000)} {{fill: red}}",
    ],
    ids=["deep", "wide", "has", "many", "everywhere", "long", "listed"],
)  # fmt: skip
def test_a_sheet_that_takes_long_is_refused(sheet: str) -> None:
    body = "<g>" * 90 + "<path/>" * 5000 + "</g>" * 90
    with pytest.raises(TooCostlyError):
        cascaded(f"<style>{sheet}</style>{body}", seconds=0.5)


def test_a_transformation_of_many_digits_takes_no_time() -> None:
    before = time.thread_time()
    cascaded(f'<path style="transform: {"1" * 200_000}"/><path style="transform: rotate({"1" * 1900}deg)"/>')
    assert time.thread_time() - before < 1  # it took 20 minutes


@given(st.text("ab.#:>~+*[]^=\"'(){};,@! \\nmedia-not1%", max_size=80))
@settings(max_examples=200, deadline=None)
def test_no_sheet_is_more_than_passed_over(sheet: str) -> None:
    root = ElementTree.fromstring(f"<svg>{PATHS}<style/></svg>")
    style = root.find("style")
    assert style is not None
    style.text = sheet
    cascade(root, seconds=5.0)
    assert root.find("style") is None


DRAWINGS = {
    "markers": ('<path d="M9 9H90" stroke="black" marker-end="url(#m)"/>', "not drawn: 1 arrow head"),
    "markers of a sheet": (
        '<style>path {marker-start: url(#m)}</style><path d="M9 9H90" stroke="black"/><path d="M9 50H90"/>',
        "not drawn: 2 arrow heads",
    ),
    "patterns": (
        '<pattern id="p" width="2" height="2"/><rect width="50" height="50" stroke="black" fill="url(#p)"/>',
        "not drawn: 1 pattern",
    ),
    "texts": ('<path d="M9 9H90" stroke="black"/><text>a</text><text>b</text><text> </text>', "not drawn: 2 texts"),
    "pictures": (
        '<path d="M9 9H90" stroke="black"/><image href="photo.png"/><foreignObject><p/></foreignObject>',
        "not drawn: 1 piece of HTML, 1 picture of another file",
    ),
    "nothing": ('<marker id="m"/><pattern id="p"/><path d="M9 9H90" stroke="black" style="marker:none"/>', ""),
}


@pytest.mark.parametrize(("body", "told"), DRAWINGS.values(), ids=list(DRAWINGS))
def test_what_is_not_drawn_is_told(body: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "a.svg").write_text(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">{body}</svg>')
    notes = [note for note in read_sketch(tmp_path / "a.svg", size=64).notes if note.startswith("not drawn")]
    assert notes == ([told] if told else [])


def test_strokes_are_read_by_the_same_sheets(tmp_path: Path) -> None:
    body = "<style>path {stroke: black; fill: none} path:nth-child(3) {display: none}</style>"
    lines = '<path d="M9 9H90"/><path d="M9 50H90"/>'
    (tmp_path / "a.svg").write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">{body}{lines}</svg>'
    )
    assert len(svg_strokes(tmp_path / "a.svg").marks) == 1  # the sheet itself is the first child
