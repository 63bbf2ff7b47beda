"""A studio under load, over real sockets: eight pages at once, and fifty points a second for five minutes."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from measure import Measurement, alone, resident
from studio import SHOES, served
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from s2pzoo.studio.wire import pack, unpack

MODEL, SIDE = SHOES, 128
PAGES, RATE = 8, 50


@contextmanager
def studio() -> Iterator[tuple[str, int]]:
    """The address of its WebSocket, and its process."""
    with served(MODEL) as (address, server):
        base, _, token = address.partition("/?")
        yield f"ws{base[4:]}/api/live?{token}", server.pid


class Painter:
    """One page: sends a drawing that grows, and counts what comes back."""

    def __init__(self, address: str, seed: int) -> None:
        self.line: ClientConnection = connect(address, compression=None, max_size=2**24, open_timeout=60)
        self.rng, self.sheet = np.random.default_rng(seed), np.full((SIDE, SIDE), 255, np.uint8)
        self.sent = self.photos = self.dropped = self.last = 0
        threading.Thread(target=self._hear, daemon=True).start()

    def _hear(self) -> None:
        with contextlib.suppress(ConnectionClosed):  # the studio ends
            self._count()

    def _count(self) -> None:
        for message in self.line:
            assert isinstance(message, bytes)
            head, _ = unpack(message)
            if head.get("error"):
                raise RuntimeError(head["error"])
            if head.get("last"):
                self.photos += not head.get("dropped")
                self.dropped += bool(head.get("dropped"))
                self.last = head["id"]

    def draw(self, seconds: float, rate: float) -> None:
        """So many points a second, whatever comes back."""
        end = time.perf_counter() + seconds
        at = self.rng.integers(10, SIDE - 10, 2)
        while (now := time.perf_counter()) < end:
            at = np.clip(at + self.rng.integers(-3, 4, 2), 2, SIDE - 3)
            if self.sent % 500 == 0:
                self.sheet[:] = 255  # a new drawing
            self.sheet[at[0] - 1 : at[0] + 2, at[1] - 1 : at[1] + 2] = 0
            self.sent += 1
            self.line.send(pack({"id": self.sent, "model": MODEL, "drawing": 0}, self.sheet.tobytes()))
            time.sleep(max(0.0, now + 1 / rate - time.perf_counter()))

    def settled(self, seconds: float = 30) -> bool:
        """Whether the last point was answered by a photo."""
        end = time.perf_counter() + seconds
        while not (done := self.last == self.sent == self.photos + self.dropped) and time.perf_counter() < end:
            time.sleep(0.02)
        return done


def measure_pages(repeats: int = 20) -> Measurement:
    with studio() as (address, _):
        painters = [Painter(address, seed) for seed in range(PAGES)]
        painters[0].draw(3, 5)  # the model is loaded
        assert painters[0].settled()
        before = [one.photos for one in painters]
        hands = [threading.Thread(target=one.draw, args=(repeats, RATE)) for one in painters]
        for hand in hands:
            hand.start()
        for hand in hands:
            hand.join()
        made = [one.photos - had for one, had in zip(painters, before, strict=True)]
        assert all(one.settled() for one in painters), "a last point was lost"
    what = f"studio: {PAGES} pages at once, photos of the fastest against the slowest"
    method = (
        f"{RATE} points a second each for {repeats} s, {MODEL}: {sum(made)} photos, {min(made)} to {max(made)} a page"
    )
    return Measurement(what=what, method=method, values=(max(made) / max(1, min(made)),), unit="times", target=1.5)


def measure_long(repeats: int = 300) -> Measurement:
    with studio() as (address, pid):
        painter = Painter(address, 0)
        painter.draw(repeats / 5, RATE)
        early = resident(pid)
        painter.draw(repeats * 4 / 5, RATE)
        late = resident(pid)
        assert painter.settled(), "the last point was lost"
    method = (
        f"resident set of the server after a fifth of {repeats} s and at the end, {RATE} points a second, {MODEL}: "
        f"{painter.sent} points, {painter.photos} photos, the last point answered"
    )
    what = "studio: growth under fifty points a second"
    return Measurement(what=what, method=method, values=(late - early,), unit="MB", target=50)


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    alone(measure_pages)
