"""Contact sheets: rows of pictures under headers, on white."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

INK, QUIET = (32, 32, 32), (110, 110, 110)


def contact_sheet(
    rows: Sequence[Sequence[Image.Image | None]],
    headers: Sequence[str] = (),
    *,
    cell: int = 256,
    labels: Sequence[str] = (),
) -> Image.Image:
    """An RGB picture of a table of pictures.

    rows     pictures row by row; None leaves a cell empty, rows may be of different lengths.
    headers  one above each column; labels: one at the left of each row. Text that is too long is cut with an ellipsis.
    cell     side of a cell in pixels; a picture is shrunk or enlarged to it, aspect kept.
    """
    columns = max([len(row) for row in rows] + [len(headers), 1])
    gap, edge = max(2, cell // 32), max(4, cell // 12)
    font, small = (ImageFont.load_default(max(9, cell // part)) for part in (14, 16))
    top = edge + (round(cell / 14 * 2) if headers else 0)
    left = edge + (min(round(max(small.getlength(label) for label in labels)) + 2, cell) + gap if labels else 0)
    width = left + columns * (cell + gap) - gap + edge
    height = top + max(len(rows), 1) * (cell + gap) - gap + edge
    sheet = Image.new("RGB", (width, height), (255, 255, 255))
    draw = ImageDraw.Draw(sheet)
    for i, header in enumerate(headers):
        x = left + i * (cell + gap) + cell / 2
        draw.text((x, top - cell / 14 * 0.7), _cut(header, font, cell), fill=INK, font=font, anchor="ms")
    for r, row in enumerate(rows):
        y = top + r * (cell + gap)
        if r < len(labels):
            text = _cut(labels[r], small, left - edge - gap)
            draw.text((left - gap * 1.5, y + cell / 2), text, fill=QUIET, font=small, anchor="rm")
        for c, picture in enumerate(row):
            if picture is not None:
                _place(sheet, picture, left + c * (cell + gap), y, cell)
    return sheet


def _place(sheet: Image.Image, picture: Image.Image, x: int, y: int, cell: int) -> None:
    ratio = cell / max(picture.size)
    size = (max(1, round(picture.width * ratio)), max(1, round(picture.height * ratio)))
    opaque = picture.convert("RGBA" if "A" in picture.getbands() else "RGB")
    shown = opaque if opaque.size == size else opaque.resize(size, Image.Resampling.LANCZOS)
    at = (x + (cell - size[0]) // 2, y + (cell - size[1]) // 2)
    sheet.paste(shown, at, shown if shown.mode == "RGBA" else None)
    if picture.mode in ("L", "1"):  # drawings are white to their rim: show where they end
        frame = (at[0], at[1], at[0] + size[0] - 1, at[1] + size[1] - 1)
        ImageDraw.Draw(sheet).rectangle(frame, outline=(225, 225, 225))


def _cut(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: float) -> str:
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text.rstrip() + "…"
