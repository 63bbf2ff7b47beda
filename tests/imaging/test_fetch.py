"""Pictures from the web come when they are asked for by name, from the web alone, and not without end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import s2pzoo
from s2pzoo.errors import BadInputError
from s2pzoo.imaging.fetch import _get


class _Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        moved = {"/moved": "/picture", "/away": "ftp://127.0.0.1/x", "/round": "/round"}.get(self.path)
        self.send_response(302 if moved else 404 if self.path == "/none" else 200)
        if moved:
            self.send_header("Location", moved)
        if self.path == "/broken":
            self.send_header("Content-Length", "1000")
            self.close_connection = True
        for number in range(30 if self.path == "/headers" else 0):
            self.send_header(f"X-{number}", "x")
            self.flush_headers()
            time.sleep(0.1)
        self.end_headers()
        if self.path == "/picture":
            self.wfile.write(b"drawing")
        if self.path == "/large":
            self.wfile.write(b"x" * 5000)
        for _ in range(20 if self.path == "/slow" else 0):
            self.wfile.write(b"x")
            self.wfile.flush()
            time.sleep(0.1)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def web() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("path", ["picture", "moved"])
def test_the_bytes_come(web: str, path: str) -> None:
    assert s2pzoo.fetch(f"{web}/{path}") == b"drawing"


@pytest.mark.parametrize(
    ("path", "told"),
    [("none", "404"), ("large", "more than 1,000 bytes"), ("slow", "after 0.5 seconds"), ("round", "redirect"),
     ("broken", "broke off after 0 of 1,000"), ("headers", "after 0.5 seconds"),
     ("away", "no address of the web")],
)  # fmt: skip
def test_what_cannot_come_is_told(web: str, path: str, told: str) -> None:
    with pytest.raises(BadInputError) as caught:
        s2pzoo.fetch(f"{web}/{path}", limit=1000, seconds=0.5)
    assert told in str(caught.value)


def test_a_server_that_is_not_there_is_told() -> None:
    with pytest.raises(BadInputError, match="cannot be fetched"):
        s2pzoo.fetch("http://127.0.0.1:9/picture", seconds=2)


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://x/y", "picture.png", "https://", "javascript:1", "", "http://[::1", "http://h:zz/"],
)
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(BadInputError, match="no address of the web"):
        s2pzoo.fetch(url)


def test_what_the_clock_cut_off_is_never_taken_for_the_whole(web: str) -> None:
    with pytest.raises(TimeoutError, match=r"after 0\.3 seconds"):
        _get(f"{web}/slow", 1000, 0.3)
