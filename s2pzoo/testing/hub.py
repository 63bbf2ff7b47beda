"""A Hugging Face Hub on this machine, for tests: a real HTTP server on loopback that speaks the protocol of
huggingface_hub 2.4, and fails as it is told to. Nothing of huggingface_hub is replaced.

    pytest_plugins = ["s2pzoo.testing.hub"]  # in conftest.py

    def test_my_weights(hub):
        commit = hub.add("me/weights", "runs/mine")
        s2pzoo.load(f"hf://me/weights@{commit}")
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from attrs import Factory, define, frozen

TOKEN = "hf_loopback"
"""What opens private and gated repositories, and lets upload."""
LARGE = 10_000
"""Files of so many bytes are kept apart, as LFS does."""
_NAME = r"[\w.-]+/[\w.-]+"


@define
class Repo:
    """A repository: what each commit holds, oldest first, and where the branches are."""

    commits: dict[str, dict[str, bytes]] = Factory(dict)
    branches: dict[str, str] = Factory(dict)
    private: bool = False
    gated: bool = False

    def commit(self, files: Mapping[str, bytes], branch: str = "main") -> str:
        """A commit that holds just these files: 40 hexadecimal digits."""
        said = json.dumps([len(self.commits), {name: _sha256(data) for name, data in sorted(files.items())}])
        commit = hashlib.sha1(said.encode()).hexdigest()
        self.commits[commit] = dict(files)
        self.branches[branch] = commit
        return commit

    def resolve(self, revision: str) -> str | None:
        """The commit of a branch or a commit; None where there is none."""
        return revision if revision in self.commits else self.branches.get(revision)


@frozen(kw_only=True)
class Fault:
    """What goes wrong with requests for files whose names end so.

    Attributes:
        status: is answered instead.
        cut: the connection ends after so many bytes.
        corrupt: one bit is another, at the same size.
        size: what is said instead of the size.
        delay: seconds before the answer.
        method: "HEAD" or "GET" alone.
    """

    name: str
    status: int | None = None
    cut: int | None = None
    corrupt: bool = False
    size: int | None = None
    delay: float = 0
    method: str = ""


class Hub:
    """The server.

    Attributes:
        repos: owner/repo -> what it holds.
        requests: "METHOD /path" of every request, in order.
        xet: whether it says of large files that they lie in Xet storage, too, which it has not.
    """

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.requests: list[str] = []
        self.blobs: dict[str, bytes] = {}
        self.xet = False
        self._faults: list[list[Any]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": self}))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.server_address[1]

    @property
    def endpoint(self) -> str:
        """For HF_ENDPOINT."""
        return f"http://127.0.0.1:{self.port}"

    def add(
        self, repo: str, files: str | Path | Mapping[str, bytes], *, branch: str = "main",
        private: bool = False, gated: bool = False,
    ) -> str:  # fmt: skip
        """Put a folder, or name -> bytes, into a repository as a commit; its 40 digits."""
        if not isinstance(files, Mapping):
            folder = Path(files)
            paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
            files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
        held = self.repos.setdefault(repo, Repo())
        held.private, held.gated = private, gated
        return held.commit(files, branch)

    def fail(self, name: str, *, times: int = 1_000_000, **fault: Any) -> None:
        """Let requests for files whose names end in `name` fail, so many times: see `Fault`."""
        self._faults.append([times, Fault(name=name, **fault)])

    def heal(self) -> None:
        """Let nothing fail."""
        self._faults.clear()

    def fault(self, method: str, name: str) -> Fault:
        """What shall go wrong now."""
        for left in self._faults:
            if left[0] > 0 and name.endswith(left[1].name) and left[1].method in ("", method):
                left[0] -= 1
                return left[1]
        return Fault(name=name)

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A Hub of its own for a test, which the environment names, with an empty cache. Uploads go without Xet."""
    made = Hub()
    monkeypatch.setenv("HF_ENDPOINT", made.endpoint)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "huggingface"))
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_TOKEN", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    yield made
    made.close()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._serve()

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def log_message(self, *args: Any) -> None:
        """Nothing is printed."""

    def _serve(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.requests.append(f"{self.command} {path}")
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for pattern, serve in _ROUTES.items():
                if match := re.fullmatch(pattern, path):
                    serve(self, *match.groups())
                    return
            self._answer(404, {"error": "Not Found"})

    def _answer(self, status: int, data: Any = None, headers: Mapping[str, str] | None = None) -> None:
        body = b"" if data is None else json.dumps(data).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _opened(self, name: str, revision: str) -> tuple[Repo, str] | None:
        """The repository and the commit, or None after an answer why not."""
        repo = self.hub.repos.get(name)
        trusted = self.headers.get("Authorization") == f"Bearer {TOKEN}"
        if repo is None or (repo.private and not trusted):
            self._answer(401 if not trusted else 404, {}, {"X-Error-Code": "RepoNotFound"})
        elif repo.gated and not trusted:
            self._answer(401, {}, {"X-Error-Code": "GatedRepo", "X-Error-Message": f"Access to {name} is restricted."})
        elif commit := repo.resolve(revision):
            return repo, commit
        else:
            self._answer(404, {}, {"X-Error-Code": "RevisionNotFound"})
        return None

    def _resolve(self, name: str, revision: str, path: str) -> None:
        if (opened := self._opened(name, revision)) is None:
            return
        repo, commit = opened
        data = repo.commits[commit].get(path)
        if data is None:
            self._answer(404, {}, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit})
        elif len(data) < LARGE:
            self._send(path, data, {"X-Repo-Commit": commit, "ETag": f'"{_blob(data)}"'})
        else:  # elsewhere, as LFS files are: on another host, which is this one by another name
            fault = self.hub.fault("HEAD", path) if self.command == "HEAD" else Fault(name=path)
            if self._failed(fault):
                return
            self.hub.blobs[_sha256(data)] = data
            route = f"{self.hub.endpoint}/api/models/{name}/xet-read-token/{commit}"
            xet = {"X-Xet-Hash": _sha256(data), "X-Xet-Refresh-Route": route} if self.hub.xet else {}
            self._answer(
                302, None,
                xet | {
                    "Location": f"http://localhost:{self.hub.port}/lfs/{_sha256(data)}/{path}", "X-Repo-Commit": commit,
                    "X-Linked-Etag": f'"{_sha256(data)}"', "X-Linked-Size": str(fault.size or len(data)),
                },
            )  # fmt: skip

    def _failed(self, fault: Fault) -> bool:
        """Whether the answer was the fault's status; it waits first as long as the fault lasts."""
        time.sleep(fault.delay)
        if fault.status:
            self._answer(fault.status, {})
        return fault.status is not None

    def _large(self, sha256: str, path: str) -> None:
        if self.command == "PUT":
            self.hub.blobs[sha256] = self.body
            self._answer(200)
            return
        self._send(path, self.hub.blobs[sha256], {"ETag": f'"{sha256}"'})

    def _send(self, path: str, data: bytes, headers: Mapping[str, str]) -> None:
        fault = self.hub.fault(self.command, path)
        if self._failed(fault):
            return
        if fault.corrupt:
            data = data[:-1] + bytes([data[-1] ^ 1])
        start = 0
        if match := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")):
            start = int(match[1])
        self.send_response(206 if start else 200)
        for name, value in headers.items():
            self.send_header(name, value)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(fault.size or len(data) - start))
        self.end_headers()
        if self.command == "HEAD":
            return
        self.wfile.write(data[start:] if fault.cut is None else data[start : start + fault.cut])
        if fault.cut is not None or fault.size:
            self.close_connection = True

    def _revision(self, name: str, revision: str) -> None:
        if opened := self._opened(name, revision):
            repo, commit = opened
            names = [{"rfilename": path} for path in repo.commits[commit]]
            self._answer(200, {"id": name, "sha": commit, "siblings": names, "private": repo.private, "tags": []})

    def _create(self) -> None:
        asked = json.loads(self.body)
        name = f"{asked.get('organization') or 'me'}/{asked['name']}"
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._answer(401, {"error": "Invalid credentials."})
            return
        there = name in self.hub.repos
        if not there:
            self.hub.add(
                name, {".gitattributes": b""}, private=asked.get("private") or asked.get("visibility") == "private"
            )
        self._answer(409 if there else 200, {"url": f"{self.hub.endpoint}/{name}", "id": name})

    def _preupload(self, name: str, revision: str) -> None:
        if self._opened(name, revision):
            modes = [
                {"path": f["path"], "uploadMode": "lfs" if f["size"] >= LARGE else "regular", "shouldIgnore": False}
                for f in json.loads(self.body)["files"]
            ]
            self._answer(200, {"files": modes})

    def _batch(self, name: str) -> None:
        objects = [
            {**one, "actions": {"upload": {"href": f"{self.hub.endpoint}/lfs/{one['oid']}/upload"}}}
            for one in json.loads(self.body)["objects"]
        ]
        self._answer(200, {"transfer": "basic", "objects": objects})

    def _commit(self, name: str, revision: str) -> None:
        if (opened := self._opened(name, revision)) is None:
            return
        repo, parent = opened
        files = dict(repo.commits[parent])
        for line in map(json.loads, self.body.splitlines()):
            value = line["value"]
            if line["key"] == "header" and value.get("parentCommit") not in (None, parent):
                self._answer(412, {"error": "A commit has happened since."})
                return
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.hub.blobs[value["oid"]]
            elif line["key"] == "deletedFile":
                files.pop(value["path"], None)
        commit = repo.commit(files, revision)
        self._answer(200, {"commitOid": commit, "commitUrl": f"{self.hub.endpoint}/{name}/commit/{commit}"})


_ROUTES = {
    rf"/({_NAME})/resolve/([^/]+)/(.+)": _Handler._resolve,
    r"/lfs/([0-9a-f]{64})/(.+)": _Handler._large,
    rf"/api/models/({_NAME})/revision/([^/]+)": _Handler._revision,
    r"/api/repos/create": _Handler._create,
    r"/api/validate-yaml": lambda self: self._answer(200, {"warnings": [], "errors": []}),
    rf"/api/models/({_NAME})/preupload/([^/]+)": _Handler._preupload,
    rf"/({_NAME})\.git/info/lfs/objects/batch": _Handler._batch,
    rf"/api/models/({_NAME})/commit/([^/]+)": _Handler._commit,
}


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _blob(data: bytes) -> str:
    """git's name of a file's content."""
    return hashlib.sha1(f"blob {len(data)}\0".encode() + data).hexdigest()
