"""The door of the studio: the page, what it asks of models, its drawings, and one WebSocket for all that is live.

Whoever asks must know the token, which is drawn anew each time, and must come from the page itself: Host and Origin
are checked, so that no other page in the browser can reach a studio, nor a name that was bound to this machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
from collections.abc import AsyncIterator, Callable, Mapping
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs

from attrs import frozen
from fastapi import FastAPI, Request, WebSocket, WebSocketDisconnect
from fastapi.responses import FileResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles

from s2pzoo.errors import BadInputError, S2PZooError, UsageError
from s2pzoo.host.guard import ours
from s2pzoo.studio import wire
from s2pzoo.studio.describe import models
from s2pzoo.studio.engine import Engine, Page
from s2pzoo.studio.imported import drawing_of

UPLOAD = 32 * 2**20
"""Bytes of an uploaded file at most."""

PAGES = 32
"""Open pages at most."""

_STATIC = str(files("s2pzoo.studio") / "static")
_POLICY = "default-src 'self'; img-src 'self' blob: data:; style-src 'self'; connect-src 'self'; frame-ancestors 'none'"
_HEADERS = [
    (b"content-security-policy", _POLICY.encode()),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-cache"),
]


class Guard:
    """An ASGI application that only those reach who may.

    Args:
        hosts: `name:port` under which the page is opened; empty: any, for a studio that is open to a network.
    """

    def __init__(self, app: Any, *, token: str, hosts: frozenset[str]) -> None:
        self.app, self.token, self.hosts = app, token, hosts

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, send)
        problem = self._problem(scope)
        if not problem:
            return await self.app(scope, receive, _with_headers(send))
        if scope["type"] == "websocket":
            await receive()
            return await send({"type": "websocket.close", "code": 4403, "reason": problem})
        error = UsageError(problem, fix="Open the address that `s2pzoo studio` printed.").to_dict()
        return await JSONResponse({"error": error}, status_code=403)(scope, receive, send)

    def _problem(self, scope: Mapping[str, Any]) -> str:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        host, origin = headers.get(b"host", ""), headers.get(b"origin")
        if self.hosts and host not in self.hosts:
            return "This is not the studio's address."
        if origin is not None and origin.partition("://")[2] != host:
            return "Another page may not use the studio."
        if scope["path"].startswith("/static/"):
            return ""
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        right = hmac.compare_digest(given.encode(), self.token.encode())
        return "" if right else "The token is missing, or of another studio."


def _with_headers(send: Any) -> Any:
    async def sending(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *_HEADERS]
        await send(message)

    return sending


@frozen
class Extra:
    """Another page than the studio's own, and the routes that it asks."""

    page: str
    routes: Callable[[FastAPI], None]


def make_app(
    engine: Engine, *, token: str, hosts: frozenset[str] = frozenset(), asked: str = "", extra: Extra | None = None
) -> Guard:
    """The studio as an ASGI application.

    Args:
        asked: the model that a page begins with; empty: that of its drawing, or the usual one.
        extra: instead of the studio's page.
    """

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine.start()
        yield
        await asyncio.to_thread(engine.close)
        engine.pictures.close()

    app = FastAPI(title="s2pzoo studio", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.mount("/static", StaticFiles(directory=_STATIC))
    app.add_exception_handler(S2PZooError, _refused)
    pages: set[Page] = set()
    reading = asyncio.Semaphore(2)  # files that are read at once

    @app.get("/")
    async def index() -> FileResponse:
        return FileResponse(f"{_STATIC}/{extra.page if extra else 'index.html'}")

    @app.get("/api/models")
    async def listed() -> dict[str, Any]:
        known = await asyncio.to_thread(models)
        return {"models": known, "asked": asked, "usual": known[0]["name"] if known else ""}

    @app.get("/api/models/{name}")
    async def described(name: str) -> dict[str, Any]:
        return await apart(engine.described, name)

    @app.post("/api/drawings")
    async def drawing(request: Request, name: str = "", model: str = "") -> dict[str, Any]:
        data = await body(request)
        async with reading:
            pipeline = await apart(engine.call, lambda: engine.pipeline(model))
            return await apart(drawing_of, pipeline, data, name)

    @app.post("/api/pictures")
    async def uploaded(request: Request) -> dict[str, str]:
        data = await body(request)
        async with reading:
            return {"picture": await apart(engine.pictures.add, data)}

    @app.websocket("/api/live")
    async def live(socket: WebSocket) -> None:
        await socket.accept()
        if len(pages) >= PAGES:
            return await socket.close(4429, f"{PAGES} pages are open already.")
        loop, answers = asyncio.get_running_loop(), asyncio.Queue[bytes]()

        def tell(message: bytes) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: the studio ends
                loop.call_soon_threadsafe(answers.put_nowait, message)

        page = Page(tell=tell)
        pages.add(page)
        sending = asyncio.create_task(_send(socket, answers))
        try:
            while True:
                message = await socket.receive_bytes()
                try:
                    wanted, parts = wire.request(message)
                except S2PZooError as error:
                    page.tell(wire.pack({"id": None, "names": [], "last": True, "error": error.to_dict()}))
                else:
                    engine.ask(page, wanted, parts)
        except (WebSocketDisconnect, KeyError, RuntimeError):  # gone, or it sent text
            pass
        finally:
            pages.discard(page)
            engine.leave(page)
            sending.cancel()

    if extra:
        extra.routes(app)
    return Guard(app, token=token, hosts=hosts)


async def _send(socket: WebSocket, answers: asyncio.Queue[bytes]) -> None:
    while True:
        await socket.send_bytes(await answers.get())


async def _refused(request: Any, error: Any) -> Response:
    return JSONResponse({"error": error.to_dict()}, status_code=400 if error.exit_code == 2 else 500)


async def apart(what: Callable[..., Any], *given: Any, **more: Any) -> Any:
    """What it gives, in another thread; whatever it raises as an error of ours."""
    try:
        return await asyncio.to_thread(what, *given, **more)
    except Exception as error:
        raise ours(error) from error


async def body(request: Request, *, limit: int = UPLOAD) -> bytes:
    """The file that is sent, of at most so many bytes.

    Raises:
        BadInputError: it is too large.
    """
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > limit:
            raise BadInputError("The file is too large.", why=f"At most {limit >> 20} MiB are read.")
    return bytes(data)
