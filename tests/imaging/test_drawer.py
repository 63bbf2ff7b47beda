"""resvg in a process of its own: what takes too long ends that one, and the next drawing is drawn."""

from __future__ import annotations

import io
import os
import random
import threading
from pathlib import Path

import pytest
from PIL import Image

from s2pzoo.errors import BadInputError
from s2pzoo.imaging.drawer import DRAWER, Drawer, TooCostlyError
from s2pzoo.imaging.read import read_sketch

LINE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M1 1L8 8" stroke="black"/></svg>'


def scribble(count: int) -> str:
    rng = random.Random(0)
    points = " ".join(f"{rng.randrange(1000)} {rng.randrange(1000)}" for _ in range(count))
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 1000"><path d="M{points}" stroke="#000"/></svg>'


def circles(count: int) -> str:
    body = '<circle cx="500" cy="500" r="490" fill="#123"/>' * count
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 1000">{body}</svg>'


def test_one_process_draws_many() -> None:
    drawer = Drawer()
    try:
        pictures = {drawer.draw(LINE, side=32, seconds=5) for _ in range(3)}
        first = drawer._process
        assert len(pictures) == 1 and first and first.poll() is None
        assert Image.open(io.BytesIO(pictures.pop())).size == (32, 32)
    finally:
        drawer.close()
    assert first.poll() is not None


def test_what_is_no_svg_is_told_and_the_process_stays() -> None:
    with pytest.raises(ValueError):
        DRAWER.draw("<svg", side=32, seconds=5)
    kept = DRAWER._process
    DRAWER.draw(LINE, side=32, seconds=5)
    assert DRAWER._process is kept


@pytest.mark.parametrize("costly", [scribble(40_000), circles(4_000)], ids=["scribble", "circles"])
def test_after_one_that_takes_too_long_the_next_is_drawn(costly: str) -> None:
    with pytest.raises(TooCostlyError):
        DRAWER.draw(costly, side=768, seconds=0.3)
    assert DRAWER.draw(LINE, side=32, seconds=5)


def test_a_process_that_was_killed_is_started_again() -> None:
    DRAWER.draw(LINE, side=32, seconds=5)
    assert DRAWER._process
    DRAWER._process.kill()
    DRAWER._process.wait()
    assert DRAWER.draw(LINE, side=32, seconds=5)


def test_threads_get_their_own_drawings() -> None:
    made: dict[int, bytes] = {}

    def draw(side: int) -> None:
        made[side] = DRAWER.draw(LINE, side=side, seconds=5)

    threads = [threading.Thread(target=draw, args=(side,)) for side in range(16, 26)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(Image.open(io.BytesIO(png)).width == side for side, png in made.items())


def nothing(count: int) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">{"<g/>" * count}</svg>'


COSTLY = {"scribble": scribble(60_000), "circles": circles(9_000), "nothing": nothing(200_000)}


@pytest.mark.parametrize("svg", COSTLY.values(), ids=COSTLY)
def test_a_drawing_that_would_take_long_is_refused_by_name(svg: str, tmp_path: Path) -> None:
    (tmp_path / "long.svg").write_text(svg)
    with pytest.raises(BadInputError, match=r"long\.svg would take too long"):
        read_sketch(tmp_path / "long.svg", size=64)


def test_links_that_multiply_are_refused_by_name(tmp_path: Path) -> None:
    body = '<g id="a0"><path d="M1 1L9 9" stroke="#000"/></g>'
    for n in range(1, 10):
        body += f'<g id="a{n}">' + f'<use href="#a{n - 1}"/>' * 10 + "</g>"
    (tmp_path / "many.svg").write_text(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">{body}</svg>')
    with pytest.raises(BadInputError, match=r"many\.svg"):
        read_sketch(tmp_path / "many.svg", size=64)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_draws_with_a_drawer_of_its_own() -> None:
    DRAWER.draw(LINE, side=32, seconds=5)
    parents = DRAWER._process
    assert parents
    answer, tell = os.pipe()
    if not (child := os.fork()):
        try:
            DRAWER.draw(LINE, side=32, seconds=5)
            own = DRAWER._process
            os.write(tell, str(own.pid if own else 0).encode())
            DRAWER.close()
        finally:
            os._exit(0)
    os.close(tell)
    with os.fdopen(answer) as told:
        drew = int(told.read())
    os.waitpid(child, 0)
    assert drew not in (0, parents.pid)
    assert parents.poll() is None and DRAWER.draw(LINE, side=32, seconds=5)
