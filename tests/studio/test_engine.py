"""One thread for all pages: the newest wins, everybody is served, a fault is an answer."""

from __future__ import annotations

import contextlib
import io
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import s2pzoo
from s2pzoo.errors import BadInputError, UnknownModelError
from s2pzoo.imaging.pixels import to_bytes
from s2pzoo.pipeline.result import read_provenance
from s2pzoo.studio.engine import Engine, Page
from s2pzoo.studio.pictures import Pictures
from s2pzoo.studio.wire import Request, unpack

pytestmark = pytest.mark.filterwarnings("ignore::s2pzoo.errors.Remark")
FACES = Path(__file__).resolve().parents[2] / "examples" / "sketches" / "faces"
SHOE = FACES.parent / "shoes" / "oxford.svg"
DFD, CGAN, UPS = "deepfacedrawing.faces256", "contextualgan.faces64", "ups.shoes128"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    pictures = Pictures()
    one = Engine(pictures).start()
    yield one
    one.close()
    pictures.close()


@pytest.fixture
def visit() -> Callable[[], tuple[Page, list[Any], Callable[..., Any]]]:
    """visit() opens a page: it, what it was told (heads with their parts), and wait(id) for the end of an answer.

    visit(name, order) notes there when it is given pictures.
    """

    def open_(name: str = "", order: list[str] | None = None) -> tuple[Page, list[Any], Callable[..., Any]]:
        told: list[Any] = []
        news = threading.Condition()

        def tell(message: bytes) -> None:
            with news:
                told.append(unpack(message))
                if order is not None and told[-1][0]["names"]:
                    order.append(name)
                news.notify_all()

        def wait(number: int) -> list[Any]:
            with news:
                assert news.wait_for(lambda: any(h["id"] == number and h.get("last") for h, _ in told), timeout=60)
                return [(head, parts) for head, parts in told if head["id"] == number]

        return Page(tell=tell), told, wait

    return open_


def bytes_of(name: str, file: Path) -> bytes:
    """A drawing as the page sends it."""
    ink = s2pzoo.load(name).read(file, fit=False).tensor[0, 0].numpy()
    return to_bytes(ink).tobytes()


@pytest.fixture(scope="module")
def face() -> bytes:
    return bytes_of(DFD, FACES / "rough_man.svg")


@contextlib.contextmanager
def held(engine: Engine) -> Iterator[None]:
    """Within, the engine does nothing, and what is asked of it waits."""
    hold = threading.Event()
    blocked = threading.Thread(target=engine.call, args=(hold.wait,))
    blocked.start()
    yield
    hold.set()
    blocked.join()


def picture(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def test_a_photo_is_that_of_the_model_and_says_what_made_it(
    engine: Engine, visit: Callable, face: bytes, tmp_path: Path
) -> None:
    one, _, wait = visit()
    engine.ask(one, Request(id=1, model=DFD, drawing=0, options={"blend": {"nose": 0.8}}), [face])
    (head, parts), end = wait(1)
    assert head["names"] == ["photo"] and end[0]["seconds"] > 0
    ink = np.frombuffer(face, np.uint8).reshape(256, 256)
    Image.fromarray(ink).save(tmp_path / "same.png")
    wanted = s2pzoo.load(DFD).run(tmp_path / "same.png", fit=False, blend={"nose": 0.8})
    assert np.abs(np.asarray(picture(parts[0]), int) - np.asarray(wanted.photo, int)).max() <= 1
    (tmp_path / "photo.png").write_bytes(parts[0])
    told = read_provenance(tmp_path / "photo.png")
    assert told["model"] == DFD and told["options"] == {"blend": {"nose": 0.8}} and told["weights"]


def test_of_one_pane_the_newest_wins_and_the_others_are_told_that_they_were_dropped(
    engine: Engine, visit: Callable, face: bytes
) -> None:
    one, told, wait = visit()
    engine.call(lambda: engine.pipeline(DFD))
    with held(engine):
        for number in range(1, 6):
            engine.ask(one, Request(id=number, model=DFD, drawing=0, options={"blend": {"all": number / 10}}), [face])
    wait(5)
    answered = [head["id"] for head, _ in told if head["names"]]
    dropped = [head["id"] for head, _ in told if head.get("dropped")]
    assert answered == [5] and dropped == [1, 2, 3, 4]


def test_a_drawing_that_was_dropped_still_counts(engine: Engine, visit: Callable, face: bytes) -> None:
    one, _, wait = visit()
    with held(engine):
        engine.ask(one, Request(id=1, model=DFD, drawing=0), [face])
        engine.ask(one, Request(id=2, model=DFD, options={"gender": "male"}), [])  # the same drawing, not sent again
    assert wait(2)[0][0]["names"] == ["photo"]


def test_every_page_has_its_turn(engine: Engine, visit: Callable, face: bytes) -> None:
    order: list[str] = []
    greedy, _, wait = visit("greedy", order)
    others = [visit(f"other {index}", order) for index in range(3)]
    with held(engine):
        for number in range(4):
            engine.ask(greedy, Request(id=number, pane=f"pane {number}", model=DFD, drawing=0), [face])
        for index, (other, _, _) in enumerate(others):
            engine.ask(other, Request(id=100 + index, model=DFD, drawing=0), [face])
    for index, (_, _, wait_) in enumerate(others):
        wait_(100 + index)
    wait(3)
    assert order == ["greedy", "other 0", "other 1", "other 2", "greedy", "greedy", "greedy"]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"model": "nobody.here"}, "E_UNKNOWN_MODEL"),
        ({"options": {"blnd": 1}}, "E_UNKNOWN_OPTION"),
        ({"options": {"faithfulness": 7}}, "E_BAD_OPTION"),
        ({"drawing": 4}, "E_BAD_INPUT"),
        ({"drawing": 1}, "E_BAD_INPUT"),  # no square
        ({"do": "fly"}, "E_USAGE"),
        ({"do": "morph"}, "E_BAD_INPUT"),  # of what into what
        ({"model": UPS, "drawing": 2}, "E_BAD_INPUT"),  # blank
        ({"model": UPS, "options": {"reference": "../../etc/passwd"}}, "E_BAD_INPUT"),
    ],
)
def test_a_fault_is_an_answer_with_a_code_and_the_next_request_is_served(
    engine: Engine, visit: Callable, face: bytes, wrong: dict[str, Any], code: str
) -> None:
    one, _, wait = visit()
    asked = {"model": DFD, "drawing": 0} | wrong
    engine.ask(one, Request(id=1, **asked), [face, b"12345", bytes([255]) * 128**2])
    (head, _) = wait(1)[-1]
    assert head["error"]["code"] == code and head["error"]["what"] and head["names"] == []
    engine.ask(one, Request(id=2, model=DFD, drawing=0), [face])
    assert wait(2)[0][0]["names"] == ["photo"]


def test_a_guide_is_what_lies_under_the_drawing(engine: Engine, visit: Callable, face: bytes) -> None:
    one, _, wait = visit()
    engine.ask(one, Request(id=1, model=DFD, drawing=0, values=("refined_sketch",)), [face])
    assert wait(1)[0][0]["names"] == ["photo", "refined_sketch"]
    engine.ask(one, Request(id=2, pane="under", do="shadow", under=True, model=DFD, drawing=0), [face])
    head, (made, *_) = wait(2)[0]
    assert head["names"] == ["shadow"]
    shade = np.asarray(picture(made).convert("L"))
    assert shade.min() >= 0.59 * 255  # a shadow, without the strokes that cast it


def test_a_guide_gives_way_to_a_photo(engine: Engine, visit: Callable, face: bytes) -> None:
    one, _, wait = visit()
    engine.described(DFD)
    encoder = engine.call(lambda: engine.pipeline(DFD)).components["encoder"]
    photo = Request(id=2, model=DFD, drawing=0)
    hook = encoder.register_forward_hook(lambda *_: engine.ask(one, photo, [face]))
    engine.ask(one, Request(id=1, pane="under", do="shadow", under=True, model=DFD, drawing=0), [face])
    (head, parts) = wait(1)[-1]
    hook.remove()
    assert head["dropped"] and head["last"] and not parts
    assert wait(2)[0][0]["names"] == ["photo"]


def test_tools_take_what_they_declare(engine: Engine, visit: Callable, face: bytes, tmp_path: Path) -> None:
    one, _, wait = visit()
    other = bytes_of(DFD, FACES / "marker_woman.svg")
    engine.ask(one, Request(id=1, model=DFD, do="morph", inputs={"a": 0, "b": 1}, t=1.0), [face, other])
    engine.ask(one, Request(id=2, pane="b", model=DFD, do="mix", inputs={"remainder": 0, "eyes": 1}), [face, other])
    wanted = s2pzoo.load(DFD)(np.frombuffer(other, np.uint8).reshape(256, 256), fit=False)
    moved = np.asarray(picture(wait(1)[0][1][0]), int)
    assert np.abs(moved - np.asarray(wanted, int)).mean() < 3  # read from a file it may be cleaned a little
    assert wait(2)[0][0]["names"] == ["mix"]
    shoe = bytes_of(UPS, SHOE)
    Image.new("RGB", (40, 60), (200, 30, 40)).save(tmp_path / "red.png")
    red = engine.pictures.add((tmp_path / "red.png").read_bytes())
    engine.ask(one, Request(id=3, model=UPS, do="styles", drawing=0, inputs={"references": red}), [shoe])
    engine.ask(one, Request(id=4, pane="b", model=UPS, do="attention", drawing=0), [shoe])
    assert wait(3)[0][0]["names"] == ["styles"] and wait(4)[0][0]["names"] == ["attention"]


def test_a_search_is_seen_step_by_step_and_stops_when_told(engine: Engine, visit: Callable, face: bytes) -> None:
    one, told, wait = visit()
    asked = Request(id=1, model=CGAN, drawing=0, options={"steps": 5000, "patience": 5000})
    engine.ask(one, asked, [face])
    while not any(head.get("step") for head, _ in told):
        assert not told or not told[-1][0].get("error"), told
        threading.Event().wait(0.02)
    engine.ask(one, Request(id=2, model=CGAN, do="stop"), [])
    *_, (photo, parts), (end, _) = wait(1)
    assert photo["names"] == ["photo"] and "step" not in photo and "error" not in end
    assert picture(parts[0]).size[0] == 64


def test_a_newer_drawing_ends_a_search(engine: Engine, visit: Callable, face: bytes) -> None:
    one, told, wait = visit()
    engine.ask(one, Request(id=1, model=CGAN, drawing=0, options={"steps": 5000, "patience": 5000}), [face])
    while not told:
        threading.Event().wait(0.02)
    engine.ask(one, Request(id=2, model=CGAN, drawing=0, options={"steps": 1}), [face])
    assert wait(2)[-1][0]["seconds"] < 30
    # what was cut short is not taken for what it would have come to
    whole = s2pzoo.load(CGAN)(np.frombuffer(face, np.uint8).reshape(256, 256), fit=False, steps=1)
    made = picture(wait(2)[-2][1][0])
    assert np.abs(np.asarray(made, int) - np.asarray(whole, int)).mean() < 4


def test_a_page_that_left_is_not_served(engine: Engine, visit: Callable, face: bytes) -> None:
    one, told, _ = visit()
    with held(engine):
        engine.ask(one, Request(id=1, model=DFD, drawing=0), [face])
        engine.leave(one)
    engine.call(lambda: None)
    assert told == []


def test_of_many_models_the_least_used_goes(engine: Engine) -> None:
    for name in (DFD, CGAN, UPS, "ups.chairs128"):
        engine.call(lambda name=name: engine.pipeline(name))
    assert list(engine._pipelines) == [CGAN, UPS, "ups.chairs128"]
    with pytest.raises(UnknownModelError):
        engine.call(lambda: engine.pipeline("nobody.here"))


def test_pictures_are_known_by_their_content_and_the_oldest_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("s2pzoo.studio.pictures.KEPT", 3)
    pictures = Pictures()
    names = []
    for level in range(5):
        file = io.BytesIO()
        Image.new("RGB", (2000, 10), (level, 0, 0)).save(file, "PNG")
        names.append(pictures.add(file.getvalue()))
        assert pictures.add(file.getvalue()) == names[-1]
    assert Image.open(pictures.path(names[-1])).size == (1024, 5)
    for gone in (*names[:2], "0" * 32, "../" + names[-1], 7, None):
        with pytest.raises(BadInputError):
            pictures.path(gone)
    with pytest.raises(BadInputError, match="no picture"):
        pictures.add(b"GIF89a but not")
    pictures.close()
