"""`s2pzoo studio`: a page to draw on, where a photo follows the pen."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import sys
import threading
import time
import webbrowser
from typing import TYPE_CHECKING, Annotated

import typer

from s2pzoo.cli.arguments import Device, Runtime
from s2pzoo.cli.output import Answer, note, stderr
from s2pzoo.errors import MissingExtraError, UsageError
from s2pzoo.host.registry import default_registry

if TYPE_CHECKING:
    from collections.abc import Callable

    import uvicorn

    from s2pzoo.studio.engine import Engine
    from s2pzoo.studio.server import Extra

PORT = 8421
"""What the browser keeps of drawings belongs to a port: that of the studio stays the same where it is free."""

_TRIED = 20
_HERE = ("127.0.0.1", "localhost", "::1")


Host = Annotated[
    str, typer.Option("--host", help="The address to listen on; 0.0.0.0 opens the studio to your network.")
]
Port = Annotated[
    int | None, typer.Option("--port", min=0, max=65535, help=f"By default {PORT} or the next free one; 0: any.")
]
NoOpen = Annotated[bool, typer.Option("--no-open", help="Do not open the browser.")]


def studio(
    model: Annotated[
        str | None, typer.Option("-m", "--model", metavar="NAME", help="The model to begin with, see `s2pzoo list`.")
    ] = None,
    host: Host = _HERE[0],
    port: Port = None,
    no_open: NoOpen = False,
    device: Device = "cpu",
    runtime: Runtime = "eager",
) -> Answer:  # fmt: skip
    """Draw in the browser, and see the photo while you draw.

    Prints the page's address. Only who has it can use the studio, from
    this machine alone unless --host says otherwise. Ctrl-C ends it.
    """
    asked = default_registry().model(model).name if model else ""
    address = serve(host=host, port=port, no_open=no_open, device=device, runtime=runtime, asked=asked)
    return Answer(data={"address": address})


def serve(
    *, host: str, port: int | None, no_open: bool, device: str, runtime: str = "eager",
    add: Callable[[Engine], Extra] | None = None, asked: str = "",
) -> str:  # fmt: skip
    """Run the studio until Ctrl-C; its address, which is printed when it listens.

    Args:
        add: other pages than the studio's own, see `make_app`.
        asked: the model that the page begins with.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # else torch spins, and the browser beside it waits
    try:
        import uvicorn

        from s2pzoo.studio.engine import Engine
        from s2pzoo.studio.pictures import Pictures
        from s2pzoo.studio.server import make_app
        from s2pzoo.studio.wire import LIMIT
    except ModuleNotFoundError as error:
        if error.name and error.name.startswith("s2pzoo"):
            raise
        raise MissingExtraError("The studio is not installed.", extra="studio", why=str(error)) from error
    listening = _listen(host, port)
    bound = listening.getsockname()[1]
    token = secrets.token_urlsafe(16)
    shown = host if host not in ("0.0.0.0", "::") else socket.gethostname()
    address = f"http://{_in_address(shown)}:{bound}/?token={token}"
    known = frozenset(f"{_in_address(name)}:{bound}" for name in _HERE if host in _HERE)
    if not known:
        note(stderr(), f"Open to whoever can reach {shown} and has this address; it is not encrypted.")
    engine = Engine(Pictures(), device=device, runtime=runtime)
    app = make_app(engine, token=token, hosts=known, asked=asked, extra=add(engine) if add else None)
    config = uvicorn.Config(
        app, log_level="warning", ws_max_size=LIMIT, ws_per_message_deflate=False, timeout_graceful_shutdown=2,
        lifespan="on",
    )  # fmt: skip
    server = uvicorn.Server(config)
    print(address, flush=True)
    if not no_open:
        threading.Thread(target=_open, args=(server, address), daemon=True).start()
    with contextlib.suppress(KeyboardInterrupt):  # the way to end it
        server.run(sockets=[listening])
    return address


def _in_address(name: str) -> str:
    return f"[{name}]" if ":" in name else name


def _listen(host: str, port: int | None) -> socket.socket:
    """A socket that listens there; of no port that was asked for, the first that is free.

    Raises:
        UsageError: nobody can listen there.
    """
    problem: OSError | None = None
    for one in (port,) if port is not None else (*range(PORT, PORT + _TRIED), 0):
        try:
            family = socket.getaddrinfo(host, one, type=socket.SOCK_STREAM)[0][0]
            listening = socket.socket(family, socket.SOCK_STREAM)
            if sys.platform != "win32":  # there it would share the port
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((host, one))
            listening.listen()  # who comes before the server is up waits
            return listening
        except OSError as error:
            problem = error
            if isinstance(error, socket.gaierror):
                break
    at = f"{host}, port {port}" if port is not None else host
    raise UsageError(f"The studio cannot listen on {at}.", why=str(problem), fix="Give another --host or --port.")


def _open(server: uvicorn.Server, address: str) -> None:
    """The page in the browser, once there is one; where there is no browser, the address was printed."""
    while not server.started:
        time.sleep(0.05)
    webbrowser.open(address)
