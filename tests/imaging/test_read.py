"""Every form in which people have a drawing gives the same ink."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from drawings import FACE_SVG, face, phone_photo, soft_face
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from s2pzoo.errors import BadInputError
from s2pzoo.imaging import paper
from s2pzoo.imaging.read import Sketch, read_sketch
from s2pzoo.imaging.strokes import Strokes
from s2pzoo.spec.frame import Frame

FRAME = Frame(name="face frame", side=512, box=(62, 4, 450, 510))
FACE = face(256)
CLEAN = FACE.astype(np.float32) / 255


def check(sketch: Sketch, size: int = 256) -> np.ndarray:
    ink = sketch.ink
    assert ink.shape == (size, size)
    assert ink.dtype == np.float32
    assert np.isfinite(ink).all()
    assert ink.min() >= 0
    assert ink.max() <= 1
    return ink


def transparent() -> Image.Image:
    """Black ink, paper only by transparency."""
    image = Image.new("RGBA", (256, 256), (0, 0, 0, 0))
    image.putalpha(Image.fromarray(255 - FACE))
    return image


def palette_with_transparency() -> Image.Image:
    image = Image.new("P", (256, 256))
    image.putpalette([255, 0, 255, 0, 0, 0])
    image.putdata([1 if v < 128 else 0 for v in FACE.ravel().tolist()])
    image.info["transparency"] = 0
    return image


FORMS = {
    "grey.png": Image.fromarray(FACE),
    "rgb.png": Image.fromarray(FACE).convert("RGB"),
    "transparent.png": transparent(),
    "grey_alpha.png": transparent().convert("LA"),
    "sixteen.png": Image.fromarray(FACE.astype(np.uint16) * 257),
    "sixteen.tiff": Image.fromarray(FACE.astype(np.uint16) * 257),
    "float.tiff": Image.fromarray(CLEAN),
    "palette.png": Image.fromarray(FACE).convert("RGB").quantize(16),
    "palette_transparent.png": palette_with_transparency(),
    "bilevel.png": Image.fromarray(FACE > 127),
    "grey.jpg": Image.fromarray(FACE),
    "cmyk.jpg": Image.fromarray(FACE).convert("CMYK"),
    "cmyk.tiff": Image.fromarray(FACE).convert("CMYK"),
    "rgb.webp": Image.fromarray(FACE).convert("RGB"),
    "grey.gif": Image.fromarray(FACE),
    "grey.bmp": Image.fromarray(FACE),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_file_form_gives_the_same_ink(name: str, tmp_path: Path) -> None:
    FORMS[name].save(tmp_path / name, quality=95)
    sketch = read_sketch(tmp_path / name, size=256)
    assert np.abs(check(sketch) - CLEAN).mean() < 0.02
    assert sketch.source.endswith(name)


@pytest.mark.parametrize("name", FORMS)
def test_every_pil_form_gives_the_same_ink(name: str) -> None:
    assert np.abs(check(read_sketch(FORMS[name], size=256)) - CLEAN).mean() < 0.02


@pytest.mark.parametrize(
    "array",
    [
        FACE,
        FACE.astype(np.uint16) * 257,
        CLEAN,
        CLEAN.astype(np.float64),
        FACE > 127,
        FACE[:, :, None],
        np.repeat(FACE[:, :, None], 3, axis=2),
        np.dstack([np.zeros((256, 256, 3), np.uint8), 255 - FACE]),
        np.dstack([np.zeros((256, 256, 3), np.float32), 1 - CLEAN]),
        np.asfortranarray(FACE)[::-1][::-1],
    ],
    ids=lambda a: f"{a.dtype}{a.shape}",
)
def test_every_array_form_gives_the_same_ink(array: np.ndarray) -> None:
    assert np.abs(check(read_sketch(array, size=256)) - CLEAN).mean() < 0.02


def test_svg_json_and_strokes_give_the_same_ink(tmp_path: Path) -> None:
    strokes = Strokes.of([[[0.2, 0.3], [0.8, 0.4], [0.5, 0.9]], [[0.1, 0.1], [0.9, 0.1]]], width=0.02)
    for name, text in (("face.svg", strokes.to_svg()), ("face.json", strokes.to_json())):
        (tmp_path / name).write_text(text)
    ink = check(read_sketch(tmp_path / "face.svg", size=256))
    for other in (strokes, tmp_path / "face.json", json.loads(strokes.to_json())):
        assert np.abs(check(read_sketch(other, size=256)) - ink).mean() < 3e-3


def test_the_content_decides_and_not_the_suffix(tmp_path: Path) -> None:
    path = tmp_path / "face.png"
    path.write_text(FACE_SVG)
    check(read_sketch(path, size=64), 64)


def test_a_clean_drawing_of_the_right_size_is_unchanged() -> None:
    sketch = read_sketch(FACE, size=256)
    assert np.array_equal(sketch.ink, CLEAN)
    assert sketch.notes == ()


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("side", [256, 512])
def test_a_soft_grey_drawing_on_white_is_only_resized(side: int, colour: bool) -> None:
    soft = soft_face(side)
    sketch = read_sketch(np.repeat(soft[:, :, None], 3, axis=2) if colour else soft, size=256)
    plain = np.asarray(Image.fromarray(soft).resize((256, 256), Image.Resampling.BOX))
    assert sketch.notes == ()
    assert np.abs(check(sketch) - plain).mean() < 0.003


def test_heavy_shading_is_not_taken_for_uneven_light() -> None:
    soft = soft_face(512)
    soft[:, 100:400] *= np.linspace(0.3, 1, 512, dtype=np.float32)[:, None]
    assert read_sketch(soft, size=512).notes == ()


@pytest.mark.parametrize("side", [256, 700])
def test_white_on_black_equals_its_inverse(side: int) -> None:
    drawing = face(side)
    sketch = read_sketch(255 - drawing, size=256)
    assert paper.INVERTED in sketch.notes
    assert np.abs(check(sketch) - read_sketch(drawing, size=256).ink).max() < 0.02


def test_thin_white_lines_on_black_are_inverted_too() -> None:
    image = Image.new("L", (3000, 3000), 0)
    ImageDraw.Draw(image).line((300, 300, 2600, 2000), fill=255, width=1)
    sketch = read_sketch(image, size=256)
    assert paper.INVERTED in sketch.notes
    assert check(sketch).min() < 0.6


def test_light_lines_on_a_transparent_sheet_are_seen() -> None:
    image = Image.new("RGBA", (256, 256), (255, 255, 255, 0))
    image.putalpha(Image.fromarray(255 - FACE))
    assert np.abs(check(read_sketch(image, size=256)) - CLEAN).mean() < 0.02


def test_off_white_paper_is_lifted_to_white() -> None:
    cream = (CLEAN[:, :, None] * np.array([0.95, 0.9, 0.8])).astype(np.float32)
    sketch = read_sketch(cream, size=256)
    assert paper.WHITENED in sketch.notes
    assert np.abs(check(sketch) - CLEAN).mean() < 0.02


@pytest.mark.parametrize("colour", [(250, 220, 40), (230, 60, 50), (60, 90, 220), (90, 190, 90)])
def test_coloured_pencils_leave_ink(colour: tuple[int, int, int]) -> None:
    image = Image.new("RGB", (256, 256), "white")
    ImageDraw.Draw(image).line((20, 40, 230, 200), fill=colour, width=6)
    assert check(read_sketch(image, size=256)).min() < 0.6


def agreement(ink: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Share of the true ink that was found, and share of the found ink that is near true ink."""
    dark, true = ink < 0.5, truth < 0.5
    near = truth < 0.95
    return float((ink[true] < 0.75).mean()), float(near[dark].mean())


@pytest.mark.parametrize("seed", [0, 1])
def test_a_phone_photo_gives_nearly_the_clean_drawing(seed: int, tmp_path: Path) -> None:
    photo, page = phone_photo(seed=seed)
    photo.save(tmp_path / "photo.jpg", quality=85)
    sketch = read_sketch(tmp_path / "photo.jpg", size=256)
    truth = read_sketch(page, size=256).ink
    assert paper.FLATTENED in sketch.notes
    assert np.abs(check(sketch) - truth).mean() < 0.02
    found, right = agreement(sketch.ink, truth)
    assert found > 0.97
    assert right > 0.97


def test_a_full_size_phone_photo_is_read() -> None:
    photo, page = phone_photo(4000, 3000)
    sketch = read_sketch(photo, size=256)
    assert np.abs(check(sketch) - read_sketch(page, size=256).ink).mean() < 0.02


def test_the_table_around_photographed_paper_is_left_out() -> None:
    photo, _ = phone_photo()
    pixels = np.asarray(photo).copy()
    pixels[:, :60] = pixels[:, -70:] = 30
    pixels[:80] = pixels[-90:] = 30
    ink = check(read_sketch(pixels, size=256))
    plain = check(read_sketch(photo, size=256))
    assert np.abs(ink - plain).mean() < 0.02


def test_a_dim_photo_is_not_inverted() -> None:
    photo, page = phone_photo()
    dim = photo.point(lambda v: v * 0.5)
    sketch = read_sketch(dim, size=256)
    assert paper.INVERTED not in sketch.notes
    assert np.abs(check(sketch) - read_sketch(page, size=256).ink).mean() < 0.03


@pytest.mark.parametrize("size", [64, 256, 512])
@pytest.mark.parametrize("side", [600, 1500, 4000])
def test_one_pixel_lines_survive(side: int, size: int) -> None:
    image = Image.new("L", (side, side), 255)
    draw = ImageDraw.Draw(image)
    draw.line((side * 0.3, 0, side * 0.3, side), fill=0, width=1)
    draw.line((0, side * 0.1, side - 1, side * 0.9), fill=0, width=1)
    draw.rectangle((side * 0.6, side * 0.1, side * 0.9, side * 0.3), fill=0)  # thick parts must not hide thin ones
    ink = check(read_sketch(image, size=size), size)
    assert (ink[:, : size // 2].min(axis=1) < 0.65).all()  # in every row the upright line is still dark
    assert (ink[:, 2:-2].min(axis=0) < 0.75).all()  # and in every column the slanted one


def test_hatching_stays_a_tone() -> None:
    sheet = np.full((3000, 3000), 255, np.uint8)
    sheet[500:2500:3, 500:2500] = 0
    ink = check(read_sketch(sheet, size=256))
    assert ink[60:190, 60:190].mean() == pytest.approx(2 / 3, abs=0.08)
    sheet[::3] = 0
    assert read_sketch(sheet, size=256).ink[60:190, 60:190].mean() == pytest.approx(2 / 3, abs=0.1)


def test_thick_lines_keep_their_width() -> None:
    image = Image.new("L", (2048, 2048), 255)
    ImageDraw.Draw(image).rectangle((1000, 0, 1063, 2047), fill=0)
    assert check(read_sketch(image, size=256))[128].sum() == pytest.approx(256 - 8, abs=0.3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_obeyed(orientation: int, tmp_path: Path) -> None:
    # The transposition that a camera would have stored the picture with.
    stored_as = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    image = Image.fromarray(FACE[:200])
    stored = image if orientation == 1 else image.transpose(stored_as[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "turned.png", exif=exif)
    sketch = read_sketch(tmp_path / "turned.png", size=256)
    assert np.abs(check(sketch) - read_sketch(image, size=256).ink).mean() < 0.001
    assert bool(sketch.notes) == (orientation > 1)


@pytest.mark.parametrize("shape", [(100, 400), (400, 100), (37, 61), (1000, 20)])
def test_drawings_are_padded_and_not_squashed(shape: tuple[int, int]) -> None:
    height, width = shape
    filled = np.full(shape, 255, np.uint8)
    filled[: max(1, height // 2)] = 0
    filled[:, : max(1, width // 2)] = 0
    filled[0, :], filled[-1, :], filled[:, 0], filled[:, -1] = 0, 0, 0, 0
    dark = check(read_sketch(np.pad(filled, 40, constant_values=255), size=256)) < 0.5
    rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
    scale = 256 / (max(shape) + 80)
    assert np.ptp(rows) + 1 == pytest.approx(height * scale, abs=2)
    assert np.ptp(columns) + 1 == pytest.approx(width * scale, abs=2)
    assert rows.mean() == pytest.approx(127.5, abs=1.5)
    assert columns.mean() == pytest.approx(127.5, abs=1.5)


def test_animations_give_their_first_frame(tmp_path: Path) -> None:
    frames = [Image.fromarray(FACE), Image.new("L", (256, 256), 255)]
    for name in ("moving.gif", "moving.webp"):
        frames[0].convert("RGB").save(tmp_path / name, save_all=True, append_images=[frames[1].convert("RGB")])
        sketch = read_sketch(tmp_path / name, size=256)
        assert "first of 2 frames used" in sketch.notes
        assert np.abs(check(sketch) - CLEAN).mean() < 0.03


def test_a_blank_sheet_is_all_ones_when_allowed() -> None:
    for blank in (np.full((90, 70), 255, np.uint8), Image.new("RGBA", (50, 50), (0, 0, 0, 0)), Strokes()):
        sketch = read_sketch(blank, size=64, allow_blank=True)
        assert (check(sketch, 64) == 1).all()
        assert "blank sheet" in sketch.notes
        assert (read_sketch(blank, size=64, allow_blank=True, fit=True).ink == 1).all()


@settings(max_examples=80, deadline=None)
@given(
    width=st.integers(1, 900),
    height=st.integers(1, 900),
    size=st.sampled_from([1, 16, 64, 256]),
    mode=st.sampled_from(["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "I;16", "F", "YCbCr", "HSV"]),
    fit=st.booleans(),
    seed=st.integers(0, 2**16),
)
def test_any_size_and_mode_gives_a_square_in_range(
    width: int, height: int, size: int, mode: str, fit: bool, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    image = Image.new("L", (width, height), 255)
    points = rng.uniform(0, 1, (4, 2)) * (width, height)
    ImageDraw.Draw(image).line(points.ravel().tolist(), fill=0, width=max(1, min(width, height) // 30))
    image.putpixel((width // 2, height // 2), 0)
    if np.mean(np.asarray(image) == 0) > 0.4:  # a sliver that is nothing but ink
        return
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image).astype(np.uint16) * 257)
    elif mode == "F":
        image = Image.fromarray(np.asarray(image).astype(np.float32))
    elif mode == "HSV":
        image = image.convert("RGB").convert("HSV")
    else:
        image = image.convert(mode)
    ink = check(read_sketch(image, size=size, fit=fit, allow_blank=True), size)
    assert size < 16 or ink.min() < 0.97


@pytest.mark.filterwarnings("error")
def test_slivers_of_a_few_pixels_are_read_or_refused_for_what_they_show() -> None:
    rng = np.random.default_rng(0)
    for height, width in itertools.product([1, 2, 3, 4, 5, 7, 9, 12, 16, 40], repeat=2):
        for share in (0.05, 0.2, 0.35):
            sheet = np.full((height, width), rng.choice([255, 230, 60]), np.uint8)
            dots = rng.choice(sheet.size, max(1, int(sheet.size * share)), replace=False)
            sheet.ravel()[dots] = rng.integers(0, 256, dots.size)
            try:
                check(read_sketch(sheet, size=16, fit=share > 0.1, allow_blank=True), 16)
            except BadInputError as error:
                assert "cannot be read" not in str(error), (height, width, share)


def test_a_sheet_two_pixels_wide_has_no_table_beside_it() -> None:
    """Found by hypothesis: a line was fitted to a single point."""
    image = Image.new("1", (2, 7), 1)
    for dot in ((0, 0), (0, 1), (1, 1), (1, 2), (1, 3)):
        image.putpixel(dot, 0)
    check(read_sketch(image, size=1, allow_blank=True), 1)


def test_fit_puts_a_small_off_centre_drawing_into_the_face_frame() -> None:
    sheet = np.full((3000, 4000), 255, np.uint8)
    sheet[200:800, 3100:3700] = face(600)
    for source in (sheet, 255 - sheet):
        sketch = read_sketch(source, size=256, fit=FRAME)
        dark = check(sketch) < 0.5
        rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
        assert rows[0] == pytest.approx(2, abs=3)
        assert rows[-1] == pytest.approx(255, abs=3)
        assert columns.mean() == pytest.approx(128, abs=2)
        assert "fitted to the face frame" in sketch.notes


def test_fit_works_on_strokes_and_keeps_their_width() -> None:
    whole = Strokes.of([[[0.2, 0.3], [0.8, 0.4], [0.5, 0.9]], [[0.1, 0.1], [0.9, 0.1]]], width=0.02)
    ink = check(read_sketch(whole.moved(scale=0.2, x=0.7, y=0.1), size=256, fit=True))
    assert np.abs(ink - check(read_sketch(whole, size=256, fit=True))).mean() < 0.005


def test_fit_leaves_a_drawing_in_the_frame_nearly_where_it_is() -> None:
    sheet = np.full((512, 512), 255, np.uint8)
    image = Image.fromarray(sheet)
    ImageDraw.Draw(image).ellipse(FRAME.box, outline=0, width=6)
    plain, fitted = read_sketch(image, size=512).ink, read_sketch(image, size=512, fit=FRAME).ink
    assert np.abs(plain - fitted).mean() < 0.015  # within a pixel


def test_the_imaging_package_imports_nothing_heavy() -> None:
    code = "import sys, s2pzoo.imaging; sys.exit(any(m in sys.modules for m in ('numpy', 'PIL', 'scipy', 'torch')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_reading_needs_no_torch() -> None:
    code = "import sys; sys.modules['torch'] = None; import s2pzoo.imaging.read, s2pzoo.imaging.sheet"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
