"""Painted faces, for tests: 189 landmarks laid out by a few ellipses, and a portrait painted over them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from s2pzoo.imaging.pixels import from_bytes, to_bytes
from s2pzoo_faces.corpus import clean_sketch

Points = NDArray[np.float32]

LEFT, RIGHT = np.array([188.0, 238.0]), np.array([324.0, 238.0])
JAW = (109, 185, 110, 186, 111, *range(125, 134), 114, 188, 113, 187, 112)
HAIRLINE = tuple(range(134, 145))


def ellipse(centre: tuple[float, float], rx: float, ry: float, start: float, stop: float, count: int) -> Points:
    """Points along an ellipse, from angle to angle in degrees: 0 is right, 90 down."""
    angle = np.radians(np.linspace(start, stop, count))
    return np.stack([centre[0] + rx * np.cos(angle), centre[1] + ry * np.sin(angle)], axis=1).astype(np.float32)


def landmarks(rng: np.random.Generator | None = None, *, side: int = 512) -> Points:
    """(189,2) x, y in a frame of `side` pixels; with `rng`, of a face of its own."""
    p = np.full((189, 2), 256.0)
    p[[0, 1]] = LEFT, RIGHT
    for eye, iris, upper, lower, crease, bag in (
        (LEFT, 2, 18, 28, 34, 44),
        (RIGHT, 10, 23, 31, 39, 47),
    ):
        at = (float(eye[0]), float(eye[1]))
        p[iris : iris + 8] = ellipse(at, 11, 11, 0, 315, 8)
        p[upper : upper + 5] = ellipse((at[0], at[1] + 6), 32, 16, 180, 360, 5)
        p[lower : lower + 3] = ellipse((at[0], at[1] + 4), 25, 9, 150, 30, 3)
        p[crease : crease + 5] = ellipse((at[0], at[1] + 4), 40, 26, 190, 350, 5)
        p[bag : bag + 3] = ellipse((at[0], at[1] + 20), 26, 20, 150, 30, 3)
    p[71:77] = ellipse((180, 220), 52, 30, 185, 340, 6)
    p[[83, 84]] = (150, 208), (200, 206)
    p[77:83] = ellipse((332, 220), 52, 30, 200, 355, 6)
    p[[85, 86]] = (312, 206), (362, 208)
    p[50:55] = np.stack([np.linspace(244, 240, 5), np.linspace(228, 306, 5)], axis=1)
    p[56:61] = p[50:55] * (-1, 1) + (512, 0)
    p[55] = (256, 338)
    p[61:66] = (224, 304), (218, 315), (219, 328), (229, 336), (229, 326)
    p[66:71] = p[61:66] * (-1, 1) + (512, 0)
    p[[179, 180, 181, 182]] = (244, 330), (249, 336), (263, 336), (268, 330)
    p[87:94] = ellipse((256, 390), 54, 20, 180, 360, 7)
    p[94:99] = p[99:104] = ellipse((256, 384), 36, 5, 170, 10, 5)
    p[104:109] = ellipse((256, 388), 48, 24, 150, 30, 5)
    p[list(JAW)] = ellipse((256, 260), 150, 228, 180, 0, 19)
    p[list(HAIRLINE)] = ellipse((256, 210), 146, 130, 185, 355, 11)
    p[146:157] = ellipse((256, 240), 205, 215, 145, 395, 11)
    p[115:120] = ellipse((98, 295), 24, 60, 270, 90, 5)
    p[120:125] = p[115:120] * (-1, 1) + (512, 0)
    p[[145, 157]] = (140, 497), (376, 495)
    p[158:161], p[161:164] = [(205, 336), (192, 353), (182, 376)], [(307, 336), (320, 353), (330, 376)]
    p[164:167], p[167:170] = [(126, 287), (150, 304), (178, 311)], [(386, 287), (362, 304), (334, 311)]
    p[170:174] = (245, 343), (243, 362), (267, 343), (269, 362)
    p[174:179] = (256, 447), (256, 466), (231, 432), (256, 427), (281, 432)
    p[[183, 184]] = (210, 543), (307, 543)
    if rng is not None:
        scale, bend = rng.uniform(0.94, 1.06, 2), rng.normal(size=(2, 2)) * 5
        wave = np.sin(p / 512 * 2 * np.pi)
        p = (p - 256) * scale + 256 + wave @ bend
    return (p * (side / 512)).astype(np.float32)


def landmarks70(*, side: int = 512) -> Points:
    """(70,2): the pupils and iBUG's 68 points, x and y in a frame of `side` pixels."""
    p = np.full((70, 2), 256.0)
    p[[0, 1]] = LEFT, RIGHT
    p[2:19] = ellipse((256, 260), 150, 228, 180, 0, 17)
    p[19:24], p[24:29] = ellipse((180, 220), 52, 30, 200, 340, 5), ellipse((332, 220), 52, 30, 200, 340, 5)
    p[29:33] = np.stack([np.full(4, 256.0), np.linspace(240, 310, 4)], axis=1)
    p[33:38] = ellipse((256, 326), 34, 12, 180, 0, 5)
    for eye, at in ((LEFT, 38), (RIGHT, 44)):
        p[at : at + 6] = eye + np.array([(-30, 0), (-11, -13), (11, -13), (30, 0), (11, 11), (-11, 11)])
    p[50:57] = ellipse((256, 390), 54, 20, 180, 360, 7)
    p[57:62] = ellipse((256, 390), 46, 26, 20, 160, 5)
    p[62:67], p[67:70] = ellipse((256, 388), 44, 5, 180, 360, 5), ellipse((256, 388), 30, 5, 20, 160, 3)
    return (p * (side / 512)).astype(np.float32)


def paint(points: Points, rng: np.random.Generator, *, side: int) -> Image.Image:
    """A portrait with these landmarks (in pixels of its frame), each with colours of its own."""
    image = Image.new("RGB", (side * 2, side * 2), (205, 210, 215))
    pen = ImageDraw.Draw(image)
    skin = np.array([228, 190, 165]) * rng.uniform(0.75, 1.05)
    hair = np.array([90, 60, 40]) * rng.uniform(0.4, 1.4)

    def polygon(indices: tuple[int, ...], colour: NDArray[np.floating]) -> None:
        pen.polygon([tuple(xy) for xy in (points[list(indices)] * 2).tolist()], fill=_colour(colour))

    polygon(tuple(range(146, 157)), hair)
    pen.rectangle([*(points[145] * 2 * (1, 0.85)).tolist(), *(points[157] * 2).tolist()], fill=_colour(skin * 0.85))
    polygon((*JAW, *HAIRLINE[::-1]), skin)
    for upper, lower, iris in (((18, 19, 20, 21, 22), (30, 29, 28), 2), ((23, 24, 25, 26, 27), (33, 32, 31), 10)):
        polygon((*upper, *lower), np.array([245, 245, 245]))
        polygon(tuple(range(iris, iris + 8)), np.array([60, 70, 80]))
    for brow in ((71, 72, 73, 74, 75, 76, 84, 83), (82, 81, 80, 79, 78, 77, 85, 86)):
        polygon(brow, hair * 0.8)
    polygon((61, 62, 63, 64, 179, 180, 181, 182, 69, 68, 67, 66), skin * 0.88)
    polygon((*range(87, 94), *range(108, 103, -1)), np.array([190, 95, 95]))
    return image.reduce(2)


def write_portraits(folder: Path, *, people: int, held_out: int, side: int = 256) -> Path:
    """A folder of portraits: photo/, landmarks.json, info.csv; the last `held_out` people are the test split."""
    (folder / "photo").mkdir(parents=True)
    points, rows = {}, []
    for index in range(people):
        name, rng = f"person-{index}", np.random.default_rng(index)
        points[name] = landmarks(rng, side=side)
        paint(points[name], rng, side=side).save(folder / "photo" / f"{name}.jpg", quality=95)
        split = "train" if index < people - held_out else "test"
        rows.append({"name": name, "age": 20 + index, "gender": ["female", "male"][index % 2], "split": split})
    (folder / "landmarks.json").write_text(json.dumps({name: xy.tolist() for name, xy in points.items()}))
    with (folder / "info.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["name", "age", "gender", "split"])
        writer.writeheader()
        writer.writerows(rows)
    return folder


def write_corpus(folder: Path, *, count: int, side: int = 256) -> Path:
    """A face corpus as it lies on disk: photos, clean sketches, landmarks, people."""
    folder.mkdir(parents=True)
    photos, cleans, points, people = [], [], [], []
    for index in range(count):
        rng = np.random.default_rng(index)
        points.append(landmarks(rng, side=side))
        photos.append(np.asarray(paint(points[-1], rng, side=side)))
        cleans.append(to_bytes(clean_sketch(from_bytes(photos[-1]), points[-1])))
        people.append({"person": f"person-{index}", "gender": ["female", "male"][index % 2], "age": str(20 + index)})
    np.save(folder / "photos.npy", np.stack(photos))
    np.save(folder / "cleans.npy", np.stack(cleans))
    np.save(folder / "landmarks.npy", np.stack(points))
    (folder / "people.json").write_text(json.dumps(people))
    return folder


def _colour(colour: NDArray[np.floating]) -> tuple[int, int, int]:
    red, green, blue = colour.clip(0, 255).astype(int).tolist()
    return red, green, blue
