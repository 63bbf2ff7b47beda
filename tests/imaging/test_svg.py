"""SVG: what people draw in is drawn as they see it, and nothing outside the drawing is read."""

from __future__ import annotations

import base64
import gzip
import io
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawings import FACE_SVG
from PIL import Image

from s2pzoo.errors import BadInputError
from s2pzoo.imaging.read import read_sketch
from s2pzoo.imaging.svg import SIDE, draw_svg, read_svg

SQUARE = 'viewBox="0 0 100 100" fill="none" stroke="black" stroke-width="4"'


def svg(body: str, attributes: str = SQUARE) -> bytes:
    return f'<svg xmlns="http://www.w3.org/2000/svg" {attributes}>{body}</svg>'.encode()


def ink(body: str, attributes: str = SQUARE, *, size: int = 100) -> np.ndarray:
    """How dark each of size x size pixels is, 0 paper to 1 ink."""
    drawn = draw_svg(svg(body, attributes)).image
    sheet = Image.alpha_composite(Image.new("RGBA", drawn.size, "white"), drawn.convert("RGBA")).convert("L")
    return 1 - np.asarray(sheet.resize((size, size), Image.Resampling.BOX), np.float32) / 255


@pytest.mark.parametrize(
    ("body", "dark", "light"),
    [
        ('<line x1="10" y1="50" x2="90" y2="50"/>', [(20, 50), (80, 50)], [(50, 40)]),
        ('<rect x="20" y="20" width="60" height="60"/>', [(20, 50), (50, 80)], [(50, 50)]),
        ('<rect x="20" y="20" width="60" height="60" fill="black"/>', [(50, 50)], [(10, 10)]),
        ('<rect width="90" height="90" display="none"/><path d="M0 99H99"/>', [(50, 98)], [(0, 0), (50, 50)]),
        ('<g visibility="hidden"><rect width="90" height="90"/></g><path d="M0 99H99"/>', [(50, 98)], [(0, 0)]),
        ('<line x2="90" y1="50" y2="50" stroke-dasharray="20 30" x1="10"/>', [(20, 50), (70, 50)], [(45, 50)]),
        ('<clipPath id="c"><rect width="50" height="100"/></clipPath><path clip-path="url(#c)" d="M0 50H100"/>',
         [(25, 50)], [(75, 50)]),
        ('<mask id="m"><rect width="50" height="100" fill="white" stroke="none"/></mask>'
         '<rect mask="url(#m)" y="40" width="100" height="20" fill="black"/>', [(25, 50)], [(75, 50)]),
        ('<style>g .a, #b > rect {stroke: none}</style><g><path class="a" d="M0 20H100"/></g><path d="M0 80H100"/>',
         [(50, 80)], [(50, 20)]),
        ('<symbol id="s" viewBox="0 0 10 10"><path d="M0 5H10" stroke-width="1"/></symbol>'
         '<use href="#s" x="50" width="50" height="50"/>', [(75, 25)], [(25, 25)]),
        ('<svg x="50" y="50" width="50" height="50" viewBox="0 0 10 10"><path d="M0 5H10" stroke-width="1"/></svg>',
         [(75, 75)], [(25, 75), (75, 25)]),
        ('<path d="M0 50%H100"/><line x1="0%" x2="100%" y1="30%" y2="30%"/>', [(50, 30)], []),
        ('<g transform="translate(50 50) rotate(90)"><line x1="-40" x2="40"/></g>', [(50, 20), (50, 80)], [(20, 50)]),
        ('<g transform="scale(1 9)"><path d="M10 0V9"/><path d="M20 5H90" stroke-width="1"/></g>',
         [(10, 50), (50, 42), (50, 48)], [(6, 50), (50, 55)]),
        ('<defs><path id="p" d="M0 0V90"/></defs><use href="#p" x="30"/><use href="#p" x="60"/>',
         [(30, 50), (60, 50)], [(45, 50)]),
    ],
)  # fmt: skip
def test_what_is_painted_is_seen(body: str, dark: list[tuple[int, int]], light: list[tuple[int, int]]) -> None:
    seen = ink(body)
    assert all(seen[y, x] > 0.8 for x, y in dark)
    assert all(seen[y, x] < 0.2 for x, y in light)


@pytest.mark.parametrize(
    ("fill", "shade"),
    [("#808080", 0.5), ("rgba(0, 0, 0, 0.25)", 0.25), ("rgba(0,0,0,1)", 1.0), ("hsl(0, 0%, 50%)", 0.5), ("white", 0.0)],
)
def test_colours_are_as_dark_as_they_look(fill: str, shade: float) -> None:
    assert ink(f'<rect width="100" height="100" stroke="none" fill="{fill}"/>')[50, 50] == pytest.approx(
        shade, abs=0.02
    )


@pytest.mark.parametrize(
    ("body", "shade"),
    [
        ('<rect width="100" height="100" stroke="none" fill="black" opacity=".5"/>', 0.5),
        ('<rect width="100" height="100" stroke="none" fill="black" opacity=".5" fill-opacity=".5"/>', 0.25),
        ('<g fill-opacity=".5"><rect width="100" height="100" stroke="none" fill="black" opacity=".5"/></g>', 0.25),
        ('<rect width="100" height="100" stroke="none" opacity=".5" style="fill: black; fill-opacity: .5"/>', 0.25),
        ('<g opacity=".5"><rect width="100" height="100" stroke="none" fill="black" opacity=".5"/></g>', 0.25),
        ('<g id="a"><rect width="100" height="100" stroke="none" fill="black"/></g><use href="#a" opacity=".5"/>', 1.0),
        ('<defs><rect id="a" width="100" height="100" stroke="none" fill="black" fill-opacity=".5"/></defs>'
         '<use href="#a" opacity=".5"/>', 0.25),
    ],
)  # fmt: skip
def test_what_is_transparent_twice_is_twice_as_light(body: str, shade: float) -> None:
    assert ink(body)[50, 50] == pytest.approx(shade, abs=0.02)


def test_a_transparent_picture_is_light() -> None:
    data = base64.b64encode(png()).decode()
    picture = f'<image href="data:image/png;base64,{data}" width="50" height="100" opacity=".5"/>'
    assert ink(picture)[50, 25] == pytest.approx(0.5, abs=0.02)


def test_a_gradient_goes_from_one_colour_to_the_other() -> None:
    stops = '<stop offset="0" stop-color="white"/><stop offset="1" stop-color="black"/>'
    seen = ink(f'<linearGradient id="g">{stops}</linearGradient><rect width="100" height="100" fill="url(#g)"/>')
    assert seen[50, [10, 50, 90]] == pytest.approx([0.1, 0.5, 0.9], abs=0.03)


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ('viewBox="-50 -50 100 50"', (SIDE, SIDE // 2)),
        ('width="10mm" height="20mm"', (SIDE // 2, SIDE)),
        ('viewBox="0 0 1 100000"', (1, SIDE)),  # taken by its width, it would need 100 GB
        ('viewBox="0 0 1e5 1"', (SIDE, 1)),
    ],
)
def test_a_drawing_is_fitted_into_a_square_and_keeps_its_proportions(attributes: str, size: tuple[int, int]) -> None:
    drawn = draw_svg(svg('<rect x="-50" y="-50" width="1000" height="1000"/>', attributes)).image
    assert drawn.size == size


def test_a_plain_doctype_and_other_prefixes_are_read() -> None:
    text = (
        '<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/x.dtd">'
        '<svg:svg xmlns:svg="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><svg:path d="M1 1h5v5z"/></svg:svg>'
    )
    assert draw_svg(text.encode()).image.getbbox() is not None


@pytest.mark.parametrize(
    ("name", "bytes_of"),
    [("face.svgz", gzip.compress), ("face.svg.gz", gzip.compress), ("face", gzip.compress),
     ("face.svg", lambda text: b"\n" * 3000 + text), ("face.svg", lambda text: b"  <?xml version='1.0'?>" + text)],
)  # fmt: skip
def test_the_same_drawing_by_other_names_and_with_blanks_before_it(name: str, bytes_of: Any, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(bytes_of(FACE_SVG.encode()))
    (tmp_path / "plain.svg").write_text(FACE_SVG)
    other, plain = (read_sketch(tmp_path / one, size=128).ink for one in (name, "plain.svg"))
    assert np.array_equal(other, plain)


def test_the_face_looks_like_a_face(tmp_path: Path) -> None:
    (tmp_path / "face.svg").write_text(FACE_SVG)
    seen = read_sketch(tmp_path / "face.svg", size=512).ink
    assert seen[238, 188] < 0.05 and seen[238, 324] < 0.05  # pupils
    assert seen[420, 256] == 1  # chin
    assert 0.01 < 1 - seen.mean() < 0.1


def test_light_lines_on_a_transparent_sheet_are_inverted(tmp_path: Path) -> None:
    (tmp_path / "light.svg").write_bytes(svg('<path d="M10 50H90"/>', SQUARE.replace("black", "white")))
    sketch = read_sketch(tmp_path / "light.svg", size=100)
    assert sketch.ink[50, 50] < 0.2 and sketch.ink[20, 20] == 1
    assert any("light" in note for note in sketch.notes)


@pytest.mark.parametrize(
    "body", ['<path d="M1e8 1L2e8 2"/>', '<path d="M0 0L9 9" opacity="0"/>', "<text>face</text>", '<rect width="0"/>']
)
def test_a_drawing_that_shows_nothing_is_no_blank_sheet(tmp_path: Path, body: str) -> None:
    (tmp_path / "face.svg").write_bytes(svg(body))
    with pytest.raises(BadInputError, match=r"face\.svg shows nothing"):
        read_sketch(tmp_path / "face.svg", size=64, allow_blank=True)


def test_an_empty_sheet_is_a_blank_sheet(tmp_path: Path) -> None:
    (tmp_path / "empty.svg").write_bytes(svg("<g/>"))
    assert "blank sheet" in read_sketch(tmp_path / "empty.svg", size=64, allow_blank=True).notes


# What may not happen


def png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (10, 10), "black").save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("name", ["href", "xlink:href"])
@pytest.mark.parametrize("link", ["{path}", "file://{path}", " {path}", "black.png"])
def test_pictures_beside_the_drawing_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, link: str
) -> None:
    (tmp_path / "black.png").write_bytes(png())
    monkeypatch.chdir(tmp_path)
    picture = f'<image {name}="{link.format(path=tmp_path / "black.png")}" width="100" height="100"/>'
    with pytest.raises(BadInputError, match="shows nothing"):
        draw_svg(svg(picture, 'viewBox="0 0 100 100" xmlns:xlink="http://www.w3.org/1999/xlink"'))
    inner = base64.b64encode(svg(picture, 'viewBox="0 0 100 100" xmlns:xlink="http://www.w3.org/1999/xlink"')).decode()
    outer = f'<image href="data:image/svg+xml;base64,{inner}" width="100" height="100"/>'
    with pytest.raises(BadInputError, match="shows nothing"):
        draw_svg(svg(outer))


def test_pictures_within_the_drawing_are_read() -> None:
    data = base64.b64encode(png()).decode()
    assert ink(f'<image href="data:image/png;base64,{data}" width="50" height="100"/>')[50, 25] > 0.9


@pytest.mark.parametrize(
    "declared", ['<!ENTITY a "aaa">', '<!ENTITY % b SYSTEM "file:///etc/passwd"> %b;', '<!ENTITY c SYSTEM "file:///x">']
)
def test_entities_are_refused(declared: str) -> None:
    with pytest.raises(BadInputError, match="declares XML entities"):
        draw_svg(f"<!DOCTYPE svg [{declared}]><svg xmlns='http://www.w3.org/2000/svg'/>".encode())


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"<html/>", "is not an SVG"),
        (b"<svg", "the XML is broken"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>\xff</svg>", "the XML is broken"),
        (svg("<g>" * 150 + "</g>" * 150), "nested too deeply"),
        (svg("<g>" * 100_000 + "</g>" * 100_000), "nested too deeply|XML is broken|too long to draw"),
    ],
    ids=["html", "cut", "bytes", "deep", "deeper"],
)
def test_what_is_no_drawing_is_told(data: bytes, told: str) -> None:
    with pytest.raises(BadInputError, match=told):
        draw_svg(data)


def test_a_broken_svgz_is_told(tmp_path: Path) -> None:
    (tmp_path / "face.svgz").write_bytes(gzip.compress(FACE_SVG.encode())[:100])
    with pytest.raises(BadInputError, match="not a readable SVG"):
        read_svg(tmp_path / "face.svgz")


SQUARES = "".join(f'<path d="M{i % 100} {i // 100}h1v1z"/>' for i in range(2000))
USES = "".join(f'<g id="a{i}">' + f'<use href="#a{i - 1}"/>' * 10 + "</g>" for i in range(1, 7))
LINES = "".join(f"L{i % 100} {i * 37 % 100}" for i in range(30_000))
RULES = "".join(f".a{i} g g path {{stroke: red}}" for i in range(3000))
COSTLY = {
    "2,000 filled shapes": f'<g fill="black">{SQUARES}</g>',
    "a thick pen": '<path d="M0 0L99 99" stroke-width="1e5"/>',
    "css without a brace": f"<style>{'a' * 60_000}</style>" + '<path d="M0 0L99 99"/>',
    "many filters": '<filter id="f"><feTurbulence numOctaves="100" baseFrequency="1"/></filter>'
    + '<rect filter="url(#f)" style="filter: url(#f)" width="50" height="50"/>' * 20,
    "a huge pattern": '<pattern id="p" width="1e7" height="1e7" patternUnits="userSpaceOnUse"><path d="M0 0L1 1"/>'
    '</pattern><rect width="100" height="100" fill="url(#p)"/>',
    "many layers": '<g opacity=".5"><path d="M0 0L99 99"/></g>' * 5000,
    "many faint strokes": '<path opacity=".5" d="M0 0L9 9"/>' * 2000,
    "many markers": '<marker id="k" markerWidth="99" markerHeight="99"><path d="M0 0L99 99"/></marker>'
    f'<path marker-mid="url(#k)" d="M0 0{LINES}"/>',
    "many style rules": f"<style>{RULES}</style>" + "<g>" * 20 + '<path d="M0 0L9 9"/>' * 2000 + "</g>" * 20,
    "two million elements": "<g/>" * 2_000_000,
    "scales that never end": f'<path transform="{"scale(" * 20_000}" d="M0 0L99 99"/>',
    "uses of uses": f'<defs><g id="a0"><path d="M0 0L9 9"/></g>{USES}</defs><use href="#a6"/>',
}


@pytest.mark.parametrize("body", COSTLY.values(), ids=list(COSTLY))
def test_what_would_take_long_is_drawn_or_refused_soon(body: str) -> None:
    begin = time.process_time()
    try:
        assert draw_svg(svg(body)).image.getbbox() is not None
    except BadInputError as error:
        assert "not a readable SVG" in str(error) or "too long to draw" in str(error)
    assert time.process_time() - begin < 5  # they took 26 to 58 s; .1 to 1 s today


def test_a_shape_with_a_filter_is_drawn_without_it() -> None:
    blurred = (
        '<filter id="f"><feGaussianBlur stdDeviation="9"/></filter><style>.s {filter: url(#f); stroke: black}</style>'
    )
    assert ink(blurred + '<path class="s" d="M0 50H100"/>')[50, 50] > 0.9


@pytest.mark.parametrize(
    ("colour", "dark"),
    [
        ("rgb(0 0 0 / 80%)", 0.8), ("rgba(0,0,0,80%)", 0.8), ("rgba(0 0 0 / .8)", 0.8), ("rgba(0, 0, 0, 0.8)", 0.8),
        ("rgb(0 0 0)", 1), ("hsl(0 0% 0% / 50%)", 0.5), ("hsl(0, 0%, 0%)", 1), ("color(srgb 0 0 0)", 1),
        ("hwb(0 0% 100%)", 1), ("oklch(0 0 0)", 1), ("lab(0% 0 0)", 1), ("var(--ink)", 1),
        ("var(--ink, rgb(0 0 0 / 50%))", 0.5), ("light-dark(black, white)", 1), ("color-mix(in srgb, red, blue)", 1),
        ("color-mix(in srgb, white 100%, black)", 0), ("color-mix(in oklab, rgb(0 0 0) 80%, white)", 1),
    ],
)  # fmt: skip
@pytest.mark.parametrize("how", ["attribute", "style", "sheet"])
def test_todays_colours_are_seen(colour: str, dark: float, how: str) -> None:
    told = {
        "attribute": f'<path d="M0 50H100" stroke="{colour}"/>',
        "style": f'<path d="M0 50H100" style="stroke:{colour};opacity:1"/>',
        "sheet": f'<style>.l {{ stroke: {colour}; }}</style><path d="M0 50H100" class="l"/>',
    }[how]
    line = '<path d="M0 90H100" stroke="black"/>'
    assert ink(told + line)[50, 50] == pytest.approx(dark, abs=0.02)


@pytest.mark.parametrize(
    "body",
    [
        "<style>:root{--skin: #fff; --ink: #000} .f{fill: var(--skin); stroke: var(--ink)}</style><g class='f'>",
        "<g style='--skin: white; --ink: var(--dark); --dark: black' fill='var(--skin)' stroke='var(--ink, white)'>",
        "<style>g{--skin: var(--skin); --ink: var(--skin)}</style><g fill='var(--none, #fff)' stroke='var(--ink)'>",
    ],
    ids=["sheet", "style", "circle"],
)
def test_variables_are_what_they_are_said_to_be(body: str) -> None:
    drawn = ink(f'{body}<circle cx="50" cy="50" r="40" stroke-width="4"/></g>')
    assert drawn[50, 50] == 0 and drawn[50, 10] > 0.9


def test_colours_that_let_all_through_leave_nothing() -> None:
    line = '<path d="M0 50H100"/>'
    for paper in ("rgb(0 0 0 / 0)", "rgb(255 255 255 / 50%)"):
        assert ink(f'<rect width="100" height="100" fill="{paper}" stroke="none"/>{line}')[10, 10] == 0


@pytest.mark.parametrize(
    "body",
    [
        '<g transform="scale(10)"><path d="M0 5H10" stroke-width="4" vector-effect="non-scaling-stroke"/></g>',
        '<g stroke-width="4" transform="translate(0 0) matrix(10 0 0 10 0 0)">'
        '<path style="vector-effect:non-scaling-stroke;fill:none" d="M0 5H10"/></g>',
        '<path style="stroke-width:4px;vector-effect: non-scaling-stroke" transform="scale(5) scale(2)" d="M0 5H10"/>',
    ],
)
def test_strokes_that_do_not_scale_keep_their_width(body: str) -> None:
    assert ink(body).sum() == pytest.approx(ink('<path d="M0 50H100"/>').sum(), rel=0.02)


def test_strokes_that_do_not_scale_are_measured_in_pixels_of_the_sheet() -> None:
    body = '<path d="M0 5H10" stroke="black" stroke-width="4" vector-effect="non-scaling-stroke"/>'
    drawn = ink(body, 'viewBox="0 0 10 10" width="100" height="100px"')
    assert drawn.sum() == pytest.approx(ink('<path d="M0 50H100"/>').sum(), rel=0.02)


def test_html_inside_a_drawing_is_not_a_blank_sheet() -> None:
    with pytest.raises(BadInputError, match="shows nothing"):
        draw_svg(svg('<foreignObject width="90" height="90"><div>a face</div></foreignObject>'))
