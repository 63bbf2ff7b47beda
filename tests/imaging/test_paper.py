"""What is on paper and is no drawing; and drawings that nobody can see."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from drawings import face
from PIL import Image, ImageDraw

from s2pzoo.errors import BadInputError
from s2pzoo.imaging import paper
from s2pzoo.imaging.read import Sketch, read_sketch

SIDE = 512
CASES = Path(__file__).parents[1] / "fixtures" / "drawings"
Change = Callable[[Image.Image], None]


def sheet(change: Change = lambda picture: None, *, ground: tuple[int, int, int] = (255, 255, 255)) -> np.ndarray:
    """A face on a sheet (SIDE, SIDE, 3), drawn over what `change` draws on the paper."""
    picture = Image.new("RGB", (SIDE, SIDE), ground)
    change(picture)
    return np.minimum(np.asarray(picture), face(SIDE)[..., None])


def difference(one: Sketch, other: Sketch) -> float:
    return float(np.abs(one.ink - other.ink).mean())


@pytest.fixture(scope="module")
def plain() -> Sketch:
    return read_sketch(sheet(), size=256)


def test_a_clean_drawing_is_left_as_it_is(plain: Sketch) -> None:
    assert plain.notes == ()


@pytest.mark.parametrize("level", [254, 252, 249, 245, 240, 225])
@pytest.mark.parametrize("tint", [(0, 0, 0), (0, -2, -9)])
def test_lines_on_paper_that_is_not_quite_white_are_the_same_lines(
    level: int, tint: tuple[int, ...], plain: Sketch
) -> None:
    red, green, blue = (level + one for one in tint)
    read = read_sketch(sheet(ground=(red, green, blue)), size=256)
    assert difference(read, plain) < 0.003
    assert np.mean(read.ink == 1) > 0.8


@pytest.mark.parametrize("grain", [1, 3])
def test_grain_of_the_paper_is_no_ink(grain: float, plain: Sketch) -> None:
    noise = np.random.default_rng(0).normal(0, grain, (SIDE, SIDE, 1))
    read = read_sketch((sheet(ground=(247, 247, 247)) + noise).clip(0, 255).astype(np.uint8), size=256)
    assert difference(read, plain) < 0.006


def test_paper_that_darkens_to_one_side_is_lifted(plain: Sketch) -> None:
    shade = np.linspace(1, 0.88, SIDE)[None, :, None]
    read = read_sketch((sheet() * shade).astype(np.uint8), size=256)
    assert read.notes == (paper.WHITENED,)
    assert difference(read, plain) < 0.004


def lines(step: int, colour: tuple[int, int, int], *, down: bool = False, width: int = 1) -> Change:
    def change(picture: Image.Image) -> None:
        pen = ImageDraw.Draw(picture)
        for at in range(step // 2, SIDE, step):
            pen.line((0, at, SIDE, at), fill=colour, width=width)
            if down:
                pen.line((at, 0, at, SIDE), fill=colour, width=width)

    return change


def margined(picture: Image.Image) -> None:
    lines(32, (170, 200, 230))(picture)
    ImageDraw.Draw(picture).line((70, 0, 70, SIDE), fill=(240, 150, 150), width=2)


RULED = {
    "ruled": lines(30, (170, 200, 230)),
    "widely": lines(64, (200, 200, 200), width=2),
    "squared": lines(24, (185, 215, 235), down=True),
    "dark": lines(40, (90, 90, 90)),
    "with a margin": margined,
}


@pytest.mark.parametrize("kind", RULED)
def test_ruled_lines_are_taken_out_and_told(kind: str, plain: Sketch) -> None:
    read = read_sketch(sheet(RULED[kind]), size=256)
    assert read.notes == (paper.RULED,)
    assert difference(read, plain) < 0.006


@pytest.mark.parametrize("kind", ["ruled", "squared", "widely"])
@pytest.mark.parametrize("angle", [-13, -4, 1.5, 3, 9])
def test_ruled_lines_of_a_sheet_that_was_scanned_crooked(kind: str, angle: float, plain: Sketch) -> None:
    def crooked(picture: Image.Image) -> None:
        large = Image.new("RGB", (2 * SIDE, 2 * SIDE), "white")
        for x in range(2):
            for y in range(2):
                RULED[kind](tile := Image.new("RGB", (SIDE, SIDE), "white"))
                large.paste(tile, (x * SIDE, y * SIDE))
        turned = large.rotate(angle, Image.Resampling.BICUBIC, fillcolor="white")
        picture.paste(turned.crop((SIDE // 2, SIDE // 2, SIDE * 3 // 2, SIDE * 3 // 2)))

    read = read_sketch(sheet(crooked), size=256)
    assert read.notes == (paper.RULED,)
    assert abs(read.ink.mean() - plain.ink.mean()) < 0.012


def strands(picture: Image.Image) -> None:
    """Straight hair, denser than paper is ruled, from the upper rim down."""
    for at in (*range(90, 180, 4), *range(330, 420, 4)):
        ImageDraw.Draw(picture).line((at, 0, at, 400), fill=60, width=2)


def shading(picture: Image.Image) -> None:
    """Pencil to and fro over a jacket, down to the lower rim."""
    for at in range(400, SIDE, 7):
        ImageDraw.Draw(picture).line((40, at, 470, at), fill=150, width=2)
    for at in range(60, 450, 9):
        ImageDraw.Draw(picture).line((at, SIDE - 30, at, SIDE), fill=40, width=3)


@pytest.mark.parametrize("drawn", [strands, shading])
def test_shading_is_no_paper(drawn: Change) -> None:
    read = read_sketch(sheet(drawn), size=256)
    assert read.notes == ()
    assert read.ink.mean() < read_sketch(sheet(), size=256).ink.mean() - 0.03


def test_two_lines_across_a_sheet_are_drawn_ones() -> None:
    def horizon(picture: Image.Image) -> None:
        ImageDraw.Draw(picture).line((0, 300, SIDE, 300), fill=0, width=3)
        ImageDraw.Draw(picture).line((0, 420, SIDE, 420), fill=0, width=3)

    assert read_sketch(sheet(horizon), size=256).notes == ()


@pytest.mark.parametrize(
    "corners",
    [
        [(SIDE, 0), (SIDE - 40, 0), (SIDE - 12, SIDE), (SIDE, SIDE)],
        [(0, 0), (SIDE, 0), (SIDE, 8), (0, 30)],
        [(0, 200), (0, SIDE), (30, SIDE)],
        [(0, SIDE), (SIDE, SIDE), (SIDE, SIDE - 15), (0, SIDE - 15)],
    ],
)
def test_what_lies_beside_a_turned_scan_is_taken_out(corners: list[tuple[int, int]], plain: Sketch) -> None:
    def wedge(picture: Image.Image) -> None:
        ImageDraw.Draw(picture).polygon(corners, fill=(20, 18, 15))

    read = read_sketch(sheet(wedge), size=256)
    assert read.notes == (paper.BESIDE,)
    assert difference(read, plain) < 0.003


@pytest.mark.parametrize("ground", [0, 60, 120])
@pytest.mark.parametrize("angle", [0, 1, 3, -5])
def test_what_lies_around_a_turned_sheet_is_taken_out(ground: int, angle: float, plain: Sketch) -> None:
    """A table on all four sides, in triangles where the sheet is turned."""
    page = Image.fromarray(sheet()).convert("RGBA").rotate(angle, Image.Resampling.BICUBIC, expand=True)
    table = Image.new("RGB", (SIDE + 60, SIDE + 60), (ground,) * 3)
    corner = (table.width - page.width) // 2
    table.paste(page.convert("RGB"), (corner, corner), page.getchannel("A"))
    read = read_sketch(table, size=256)
    assert paper.BESIDE in read.notes
    rims = [read.ink[:8], read.ink[-8:], read.ink[:, :8], read.ink[:, -8:]]
    assert all(rim.min() > 0.9 for rim in rims)
    assert (1 - read.ink).sum() == pytest.approx((1 - plain.ink).sum(), rel=0.25)


def test_dark_clothes_that_run_off_the_sheet_stay() -> None:
    def clothes(picture: Image.Image) -> None:
        ImageDraw.Draw(picture).polygon([(60, SIDE), (110, 440), (256, 500), (400, 440), (450, SIDE)], fill=0)

    read = read_sketch(sheet(clothes), size=256)
    assert read.notes == ()
    assert read.ink[-3, 60] < 0.1


def test_a_frame_around_the_drawing_is_taken_out(plain: Sketch) -> None:
    def frame(picture: Image.Image) -> None:
        ImageDraw.Draw(picture).rectangle((14, 10, SIDE - 15, SIDE - 12), outline=0, width=4)

    read = read_sketch(sheet(frame), size=256)
    assert read.notes == (paper.FRAMED,)
    assert difference(read, plain) < 0.003


@pytest.mark.parametrize(
    "boxes", [[(40, 40, 472, 472)], [(14, 10, 497, 500), (24, 20, 487, 490)]], ids=["crossed", "double"]
)
def test_a_frame_that_lines_cross_and_a_double_one_are_taken_out(boxes: list[tuple[int, int, int, int]]) -> None:
    def face(picture: Image.Image) -> None:
        ImageDraw.Draw(picture).ellipse((130, 20, 380, 480), outline=0, width=5)
        for at in range(180, 330, 12):
            ImageDraw.Draw(picture).line((at, 30, at - 10, 90), fill=0, width=3)

    def framed(picture: Image.Image) -> None:
        face(picture)
        for box in boxes:
            ImageDraw.Draw(picture).rectangle(box, outline=0, width=4)

    alone, read = (Image.new("RGB", (SIDE, SIDE), "white") for _ in range(2))
    face(alone)
    framed(read)
    told, wanted = (read_sketch(one, size=256) for one in (read, alone))
    assert told.notes and wanted.notes == ()
    assert difference(told, wanted) < 0.01


def test_a_box_that_is_all_there_is_stays() -> None:
    picture = Image.new("L", (SIDE, SIDE), 255)
    ImageDraw.Draw(picture).rectangle((20, 20, 490, 490), outline=0, width=4)
    read = read_sketch(picture, size=256)
    assert read.notes == () and read.ink.min() < 0.1


@pytest.mark.parametrize("ground", [(193, 150, 107), (120, 120, 120), (40, 50, 60), (150, 170, 190)])
def test_white_pencil_on_coloured_paper_is_inverted(ground: tuple[int, int, int], plain: Sketch) -> None:
    dark = face(SIDE)[..., None] / 255
    read = read_sketch((255 - dark * (255 - np.array(ground))).astype(np.uint8), size=256)
    assert read.notes[0] == paper.INVERTED
    assert difference(read, plain) < 0.01


def test_dark_lines_on_kraft_paper_are_not_inverted(plain: Sketch) -> None:
    read = read_sketch(sheet(ground=(193, 150, 107)), size=256)
    assert paper.INVERTED not in read.notes
    assert difference(read, plain) < 0.02


class TestFilledAreas:
    """Where a model knows lines alone, areas become the lines around them."""

    def test_a_filled_shoe_is_read_as_one_in_outline(self) -> None:
        filled, outline = (
            read_sketch(CASES / f"16-{kind}-shoe.svg", size=128, shaded=False) for kind in ("filled", "outline")
        )
        assert filled.notes == (paper.OUTLINED,) and outline.notes == ()
        assert filled.ink.mean() > 0.9 and abs(filled.ink.mean() - outline.ink.mean()) < 0.03
        inked = outline.ink[:, :60] < 0.5
        assert filled.ink[:, :60][inked].mean() < 0.5

    def test_they_stay_where_the_model_knows_shaded_drawings(self) -> None:
        assert read_sketch(CASES / "16-filled-shoe.svg", size=128).ink.mean() < 0.85

    @pytest.mark.parametrize("width", [2, 6, 12])
    def test_thick_pens_are_no_areas(self, width: int) -> None:
        picture = Image.new("L", (SIDE, SIDE), 255)
        ImageDraw.Draw(picture).ellipse((100, 100, 400, 400), outline=0, width=width)
        assert read_sketch(picture, size=128, shaded=False).notes == ()

    def test_hatching_is_no_area(self) -> None:
        picture = Image.new("L", (SIDE, SIDE), 255)
        for at in range(100, 400, 8):
            ImageDraw.Draw(picture).line((at, 100, at + 30, 400), fill=0, width=3)
        assert read_sketch(picture, size=128, shaded=False).notes == ()


def svg(body: str) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">{body}</svg>'


LOST = {
    "off the sheet.svg": svg('<path d="M200 200L300 300" stroke="black"/>'),
    "unpainted.svg": svg('<path d="M10 10L90 90" fill="none"/>'),
    "white on white.svg": svg('<rect width="100" height="100" fill="#fff"/><path d="M10 10L90 90" stroke="white"/>'),
    "nearly white.svg": svg('<rect width="100" height="100" fill="#fff"/><path d="M10 10L90 90" stroke="#fbfbfb"/>'),
    "an empty picture.svg": svg('<image width="100" height="100"/>'),
    "off the sheet.json": json.dumps({"canvas": [100, 100], "strokes": [{"points": [[200, 200], [300, 300]]}]}),
    "white.excalidraw": json.dumps({"elements": [{"type": "text", "x": 0, "y": 0}]}),
}


@pytest.mark.parametrize("name", LOST)
@pytest.mark.parametrize("allow_blank", [False, True])
def test_a_drawing_of_which_nothing_is_seen_is_no_blank_sheet(name: str, allow_blank: bool, tmp_path: Path) -> None:
    (tmp_path / name).write_text(LOST[name])
    with pytest.raises(BadInputError, match=name) as caught:
        read_sketch(tmp_path / name, size=64, allow_blank=allow_blank)
    assert caught.value.why


def test_lines_as_light_as_the_paper_are_told() -> None:
    picture = Image.new("L", (SIDE, SIDE), 252)
    ImageDraw.Draw(picture).ellipse((100, 100, 400, 400), outline=243, width=6)
    with pytest.raises(BadInputError, match=r"shows nothing(?s:.)*as light as the paper"):
        read_sketch(picture, size=128, allow_blank=True)


@pytest.mark.parametrize("level", [255, 250, 200])
def test_a_sheet_with_nothing_on_it_is_blank(level: int) -> None:
    noise = np.random.default_rng(0).normal(level, 1.5, (300, 300)).clip(0, 255).astype(np.uint8)
    read = read_sketch(noise, size=64, allow_blank=True)
    assert read.notes[-1] == "blank sheet" and (read.ink == 1).all()
    assert read_sketch(np.full((64, 64), level, np.uint8), size=64, allow_blank=True).notes[-1] == "blank sheet"


@pytest.mark.parametrize(
    ("case", "like"),
    [
        ("02-rgba.svg", "02-rgba-on-white.svg"), ("03-gradient-paper.svg", "02-rgba-on-white.svg"),
        ("04-descendant-selector.svg", "02-rgba.svg"), ("10-graph-paper.png", "21-paper-255.png"),
        ("10-lined-paper.png", "21-paper-255.png"), ("22-white-pencil-on-kraft.png", "21-paper-255.png"),
    ],
)  # fmt: skip
def test_strangers_drawings_of_one_face_are_read_alike(case: str, like: str) -> None:
    assert difference(read_sketch(CASES / case, size=256), read_sketch(CASES / like, size=256)) < 0.02


def test_a_picture_that_lets_everything_through_is_no_blank_sheet() -> None:
    picture = Image.new("RGBA", (SIDE, SIDE), (255, 255, 255, 0))
    ImageDraw.Draw(picture).ellipse((100, 100, 400, 400), outline=(0, 0, 0, 0), width=6)
    with pytest.raises(BadInputError, match="wholly transparent"):
        read_sketch(picture, size=128, allow_blank=True)


@pytest.mark.parametrize(
    "body",
    [
        '<rect x="12" y="12" width="376" height="376" rx="9"/><path d="M120 200h30m100 0h30"/>',  # a robot's head
        '<path d="M60 0v400M340 0v400M0 50h400M0 110h400M0 170h400M0 230h400M0 290h400M0 350h400"/>',  # a chair's back
        '<path d="M0 392h400v8h-400z" fill="black"/><path d="M40 390L90 200L300 250L380 390"/>',  # a sole on the rim
    ],
    ids=["head", "slats", "sole"],
)
def test_a_vector_drawing_lies_on_no_paper(body: str) -> None:
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 400" fill="none" stroke="black" stroke-width="6">'
    read = read_sketch(f"{head}{body}</svg>".encode(), size=256)
    alone = [read_sketch(f"{head}{part}/></svg>".encode(), size=256).ink for part in body.split("/>")[:-1]]
    assert read.notes == () and np.abs(read.ink - np.minimum.reduce(alone)).mean() < 0.002
