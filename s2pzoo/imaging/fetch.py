"""A drawing or a photo from the web, where somebody asks for it by name: nothing else here fetches a picture."""

from __future__ import annotations

import time
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
        BadInputError: not such an address, nothing there, too large, too slow.
    """
    _check(url)
    ends = time.monotonic() + seconds
    data = b""
    try:
        asked = Request(url, headers={"User-Agent": "s2pzoo"})
        with build_opener(_WebOnly).open(asked, timeout=seconds) as answer:
            while chunk := answer.read1(_CHUNK):
                data += chunk
                if len(data) > limit:
                    raise BadInputError(
                        f"{url} is too large.", why=f"It has more than {limit:,} bytes.", fix="Give a larger `limit`."
                    )
                if time.monotonic() > ends:
                    raise TimeoutError(f"It was not here after {seconds:g} seconds")
    except (OSError, ValueError) as error:  # an HTTPError is an OSError
        fix = "Download it, and give the file."
        raise BadInputError(f"{url} cannot be fetched.", why=str(error), fix=fix) from error
    return data


def _check(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadInputError(f"{url!r} is no address of the web.", fix="Give one that begins with https://.")
