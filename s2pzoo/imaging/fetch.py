"""A drawing or a photo from the web, where somebody asks for it by name: nothing else here fetches a picture."""

from __future__ import annotations

import queue
import threading
import time
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from s2pzoo.errors import BadInputError

LIMIT = 20_000_000
_CHUNK = 65_536


class _WebOnly(HTTPRedirectHandler):
    """Follows redirections to the web, and nowhere else."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        _check(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def is_address(text: object) -> bool:
    """Whether it is an address of the web, and no file."""
    return isinstance(text, str) and text.startswith(("http://", "https://"))


def fetch(url: str, *, limit: int = LIMIT, seconds: float = 20.0) -> bytes:
    """The bytes behind an address: `pipeline(s2pzoo.fetch("https://..."))`.

    Args:
        url: http or https.
        limit: bytes at most.
        seconds: for all of it.

    Raises:
        BadInputError: not such an address, nothing there, too large, too slow, broken off.
    """
    _check(url)
    answers: queue.Queue[bytes | Exception] = queue.Queue()

    def get() -> None:
        try:
            answers.put(_get(url, limit, seconds))
        except Exception as error:
            answers.put(error)

    threading.Thread(target=get, daemon=True).start()  # a server may send its headers a letter a second
    try:
        found = answers.get(timeout=seconds)
    except queue.Empty:
        found = _late(seconds)
    if isinstance(found, bytes):
        return found
    if isinstance(found, BadInputError):
        raise found
    why = str(found) or type(found).__name__
    raise BadInputError(f"{url} cannot be fetched.", why=why, fix="Download it, and give the file.") from found


def _late(seconds: float) -> TimeoutError:
    return TimeoutError(f"It was not here after {seconds:g} seconds")


def _get(url: str, limit: int, seconds: float) -> bytes:
    ends, data = time.monotonic() + seconds, b""
    with build_opener(_WebOnly).open(Request(url, headers={"User-Agent": "s2pzoo"}), timeout=seconds) as answer:
        while chunk := answer.read1(_CHUNK):
            if time.monotonic() > ends:  # what is here is not all of it
                raise _late(seconds)
            data += chunk
            if len(data) > limit:
                why = f"It has more than {limit:,} bytes."
                raise BadInputError(f"{url} is too large.", why=why, fix="Give a larger `limit`.")
        told = answer.headers.get("Content-Length", "")
        if told.isdigit() and len(data) < int(told):
            raise HTTPException(f"It broke off after {len(data):,} of {int(told):,} bytes")
    return data


def _check(url: Any) -> None:
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
        fair = parts is not None and parts.scheme in ("http", "https") and parts.hostname and parts.port != -1
    except ValueError:
        fair = False
    if not fair:
        raise BadInputError(f"{url!r} is no address of the web.", fix="Give one that begins with https://.")
