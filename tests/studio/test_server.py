"""The door of the studio, over real sockets: who may come in, what may be sent, how it ends."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from PIL import Image
from studios import SKETCHES, Studio, start
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from s2pzoo.studio.wire import pack, unpack

FACE = SKETCHES / "faces" / "rough_man.svg"
SHOE = SKETCHES / "shoes" / "oxford.svg"
DFD = "deepfacedrawing.faces256"


def ask(
    studio: Studio, path: str, *, body: bytes | None = None, token: str | None = None, **headers: str
) -> tuple[int, Any, dict[str, str]]:
    """Status, answer and headers of one request."""
    place = urlsplit(studio.base)
    line = http.client.HTTPConnection(place.hostname or "", place.port, timeout=60)
    joined = "&" if "?" in path else "?"
    token = studio.token if token is None else token
    line.request("POST" if body is not None else "GET", f"{path}{joined}token={token}", body=body, headers=headers)
    answer = line.getresponse()
    data = answer.read()
    told = json.loads(data) if answer.headers["content-type"] == "application/json" else data
    return answer.status, told, {name.lower(): value for name, value in answer.getheaders()}


def line(studio: Studio, *, token: str | None = None, **headers: str) -> ClientConnection:
    """The WebSocket."""
    address = f"ws{studio.base[4:]}/api/live?token={studio.token if token is None else token}"
    return connect(address, additional_headers=headers, compression=None, max_size=2**24, open_timeout=20)


def heard(one: ClientConnection) -> tuple[dict[str, Any], list[bytes]]:
    """The next message of the server."""
    message = one.recv(timeout=120)
    assert isinstance(message, bytes)
    return unpack(message)


@pytest.mark.parametrize("path", ["/", "/api/models", f"/api/models/{DFD}"])
@pytest.mark.parametrize("token", ["", "wrong", "ü"])
def test_without_the_token_nobody_comes_in(studio: Studio, path: str, token: str) -> None:
    status, told, _ = ask(studio, path, token=quote(token))
    assert status == 403 and told["error"]["code"] == "E_USAGE" and "s2pzoo studio" in told["error"]["fix"]


def test_another_page_may_not_use_it_though_it_knew_the_token(studio: Studio) -> None:
    assert ask(studio, "/api/models", Origin="https://evil.example")[0] == 403
    assert ask(studio, "/api/models", Origin="null")[0] == 403
    assert ask(studio, "/api/models", Origin=studio.base)[0] == 200


def test_a_name_that_somebody_bound_to_this_machine_is_refused(studio: Studio) -> None:
    port = urlsplit(studio.base).port
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1:1"):
        assert ask(studio, "/", Host=host)[0] == 403
        assert ask(studio, "/static/main.js", Host=host)[0] == 403
    assert ask(studio, "/", Host=f"localhost:{port}")[0] == 200


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"token": "wrong"}])
def test_the_line_is_guarded_likewise(studio: Studio, headers: dict[str, str]) -> None:
    with pytest.raises((InvalidStatus, ConnectionClosed)), line(studio, **headers) as one:
        one.recv(timeout=10)


def test_the_page_may_load_nothing_from_elsewhere_and_tells_nobody_its_address(studio: Studio) -> None:
    status, page, headers = ask(studio, "/")
    assert status == 200 and b"s2pzoo" in page
    assert headers["content-security-policy"].startswith("default-src 'self'")
    assert headers["referrer-policy"] == "no-referrer"
    for name in ("main.js", "studio.css", "perfect-freehand.js", "icon.svg"):
        status, text, _ = ask(studio, f"/static/{name}")
        assert status == 200 and b"//cdn" not in text
    assert ask(studio, "/static/../server.py")[0] == 404
    assert ask(studio, "/docs")[0] == 404


def test_models_are_told_as_they_are_declared(studio: Studio) -> None:
    _, told, _ = ask(studio, "/api/models")
    assert told["usual"] == told["models"][0]["name"] == DFD
    _, one, _ = ask(studio, f"/api/models/{DFD}")
    blend = next(option for option in one["options"] if option["name"] == "blend")
    assert blend["type"] == "mapping" and "nose" in blend["keys"]
    assert [tool["name"] for tool in one["tools"] if tool["under"]] == ["shadow"]
    assert one["frame"]["points"]["pupils"] and not one["searches"]
    status, wrong, _ = ask(studio, "/api/models/deepfacedrawing.faces25")
    assert status == 400 and wrong["error"]["code"] == "E_UNKNOWN_MODEL"


@pytest.mark.parametrize(
    ("file", "strokes"),
    [(SHOE, True), (SKETCHES / "faces/woman_strokes.json", True), (FACE, False), (SKETCHES / "chairs/sofa.svg", True)],
)
def test_drawings_come_as_strokes_where_they_are_strokes(studio: Studio, file: Path, strokes: bool) -> None:
    status, told, _ = ask(studio, f"/api/drawings?name={file.name}&model={DFD}", body=file.read_bytes())
    assert status == 200
    if strokes:
        assert all(0 <= x <= 1 and 0 <= y <= 1 for mark in told["strokes"] for x, y in mark["points"])
    else:
        assert told["picture"].startswith("data:image/png;base64,")


def test_a_head_that_lies_elsewhere_is_brought_to_its_place(studio: Studio) -> None:
    file = SKETCHES / "faces" / "off_centre_woman.svg"
    status, told, _ = ask(studio, f"/api/drawings?name={file.name}&model={DFD}", body=file.read_bytes())
    assert status == 200 and any("face" in note for note in told["notes"])


@pytest.mark.parametrize(
    ("name", "data"),
    [("face.png", b"no picture"), ("x", b""), ("../../etc/passwd", b"root"), ("a.svg", b"<svg"), ("b.json", b"[[]")],
)
def test_what_is_no_drawing_is_refused_by_its_name(studio: Studio, name: str, data: bytes) -> None:
    status, told, _ = ask(studio, f"/api/drawings?name={quote(name)}&model={DFD}", body=data)
    assert status == 400 and told["error"]["code"] == "E_BAD_INPUT"
    assert "/tmp" not in json.dumps(told)


def test_what_is_too_large_is_refused(studio: Studio) -> None:
    status, told, _ = ask(studio, "/api/pictures", body=bytes(33 * 2**20))
    assert status == 400 and "too large" in told["error"]["what"]
    with line(studio) as one, pytest.raises(ConnectionClosed):
        one.send(bytes(9 * 2**20))
        one.recv(timeout=20)


def test_pictures_are_uploaded_once(studio: Studio) -> None:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(file, "PNG")
    first = ask(studio, "/api/pictures", body=file.getvalue())
    assert first[0] == 200 and first[1] == ask(studio, "/api/pictures", body=file.getvalue())[1]
    assert ask(studio, "/api/pictures", body=b"no picture")[0] == 400


def test_a_photo_comes_over_the_line_and_garbage_is_answered(studio: Studio) -> None:
    with line(studio, Origin=studio.base) as one:
        one.send(b"garbage")
        assert heard(one)[0]["error"]["code"] == "E_BAD_INPUT"
        one.send(pack({"id": 9, "model": DFD, "drawing": 0}, bytes([255]) * 256**2))
        head, parts = heard(one)
        assert head["id"] == 9 and Image.open(io.BytesIO(parts[0])).size == (256, 256)
        assert heard(one)[0]["last"]


def test_eight_pages_at_once_are_all_served(studio: Studio) -> None:
    with contextlib.ExitStack() as open_:
        pages = [open_.enter_context(line(studio)) for _ in range(8)]
        _serve(pages)


def _serve(pages: list[ClientConnection]) -> None:
    for number, one in enumerate(pages):
        sheet = bytearray([255]) * 256**2
        sheet[256 * (40 + 20 * number) : 256 * (44 + 20 * number)] = bytes(4 * 256)
        for count in range(3):
            one.send(pack({"id": count, "pane": f"{count}", "model": DFD, "drawing": 0}, bytes(sheet)))
    photos = []
    for one in pages:
        made: list[bytes] = []
        while len(made) < 3:
            made += heard(one)[1]
        photos.append(made[0])
        assert len(set(made)) == 1
    assert len(set(photos)) > 4  # each its own drawing's


@pytest.fixture
def own() -> Iterator[Studio]:
    """One to be ended."""
    running = start()
    yield running
    running.process.kill()


def test_ctrl_c_ends_it_well_though_pages_are_open(own: Studio) -> None:
    with line(own) as one:
        one.send(pack({"id": 1, "model": DFD, "drawing": 0}, bytes([255]) * 256**2))
        one.recv(timeout=60)
        own.process.send_signal(signal.SIGINT)
        assert own.process.wait(timeout=20) == 0


def test_where_the_port_is_taken_it_says_so() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "s2pzoo", "studio", "--no-open", "--port", str(port)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2 and f"port {port}" in done.stderr and done.stdout == ""
