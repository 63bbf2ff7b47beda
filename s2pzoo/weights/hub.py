"""Bundles on the Hugging Face Hub. huggingface_hub transfers and caches; ours are the pin, the check of every byte
against the manifest, the offline state, and the words. Torch-free.

A bundle is of one commit: a branch or tag is resolved once, with the manifest. Of a full commit that is in the cache
nothing is asked. What the network refuses is an error, never an older copy.
"""

from __future__ import annotations

import contextlib
import errno
import re
import threading
import time
import traceback
import warnings
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from attrs import frozen

from s2pzoo.errors import (
    HubError,
    OfflineError,
    OutputError,
    Remark,
    S2PZooError,
    SignatureMissingError,
    UsageError,
    WeightsCorruptError,
    WeightsError,
    WeightsNotFoundError,
)
from s2pzoo.host.catalogue import default_catalogue
from s2pzoo.host.settings import Settings
from s2pzoo.weights import signing
from s2pzoo.weights.manifest import MANIFEST, FileRecord, read_manifest
from s2pzoo.weights.verify import verify_file

HUB = "hf://"
WAITS = (0.5, 1.5)
"""Seconds before each further try of a request that failed on the way or at the server (5xx)."""
_COMMIT = re.compile("[0-9a-f]{40}")
_PLACE = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?", re.ASCII)
_constants = threading.RLock()
_manifests_alone: ContextVar[bool] = ContextVar("manifests alone", default=False)
_begun: dict[Path, _Download] = {}


@frozen
class HubPlace:
    """A repository at a revision: a branch, a tag, or a commit of 40 hexadecimal digits."""

    repo: str
    revision: str = "main"

    @classmethod
    def read(cls, text: str, revision: str | None = None) -> HubPlace:
        """`owner/repo[@revision]`, with or without `hf://`.

        Args:
            revision: instead of the one in the text.

        Raises:
            UsageError: it reads otherwise.
        """
        match = _PLACE.fullmatch(text.removeprefix(HUB))
        if match is None:
            raise UsageError(
                f"{text!r} is no place on the Hub.", fix="Write hf://owner/repo or hf://owner/repo@revision."
            )
        return cls(match["repo"], revision or match["revision"] or "main")

    @property
    def pinned(self) -> bool:
        """Whether it is a commit, which cannot change."""
        return _COMMIT.fullmatch(self.revision) is not None

    def __str__(self) -> str:
        return f"{self.repo}@{self.revision}"


def cached(place: HubPlace) -> Path | None:
    """The folder of a bundle whose files are all in the cache, without asking the network; else None."""
    from huggingface_hub import try_to_load_from_cache

    settings = Settings.read()
    with contextlib.suppress(S2PZooError):
        found = try_to_load_from_cache(place.repo, MANIFEST, cache_dir=settings.hub_cache, revision=place.revision)
        if isinstance(found, str):
            folder = Path(found).parent
            if all((folder / name).is_file() for name in read_manifest(folder).files):
                return folder
    return None


def pull(place: HubPlace) -> Path:
    """The folder of the bundle, in huggingface_hub's cache; what is not there is downloaded. Every file is what the
    manifest says; one that is not is fetched once more.

    Raises:
        OfflineError: HF_HUB_OFFLINE is set and the cache does not hold all of it.
        HubError: the Hub does not give it: no such repository, revision or file, no access, no answer.
        WeightsCorruptError: what it gives is no bundle, or other bytes than the manifest says.
        SignatureMissingError, WrongSignerError, BrokenSignatureError: the catalogue names who must have signed it.
        OutputError: the cache cannot be written.
    """
    download = _Download(place, Settings.read())
    folder = download.manifest()
    if _manifests_alone.get():
        _begun[folder] = download
    else:
        download.rest(folder)
    return folder


def single_file(place: HubPlace, name: str) -> Path:
    """A file of any repository, in huggingface_hub's cache, its folder named after the commit. Errors as for `pull`."""
    return _Download(place, Settings.read())._get(name, None)


@contextlib.contextmanager
def manifests_alone() -> Iterator[None]:
    """Within, `pull` gives a folder that holds the manifest, and `complete` fetches the rest: what does not fit, and
    the manifest says so, is known before weights are fetched."""
    token = _manifests_alone.set(True)
    try:
        yield
    finally:
        _manifests_alone.reset(token)


def complete(folder: Path) -> None:
    """Fetch what is missing of a bundle of which `pull` fetched the manifest alone. Errors as for `pull`."""
    if folder in _begun:
        _begun[folder].rest(folder)
        del _begun[folder]


def remove(place: HubPlace) -> int:
    """Take a repository at a revision out of the cache; the bytes that this frees.

    Raises:
        WeightsNotFoundError: it is not there. OutputError: it cannot be removed.
    """
    from huggingface_hub import scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    cache = Settings.read().hub_cache
    held: list[str] = []
    with contextlib.suppress(CacheNotFound):
        found = scan_cache_dir(cache)
        repos = [repo for repo in found.repos if (repo.repo_id, repo.repo_type) == (place.repo, "model")]
        held = [r.commit_hash for repo in repos for r in repo.revisions if place.revision in (r.commit_hash, *r.refs)]
        strategy = found.delete_revisions(*held)
    if not held:
        raise WeightsNotFoundError(f"{place} is not in {cache}.", why="Nothing was removed.")
    strategy.execute()
    if cached(HubPlace(place.repo, held[0])):
        raise OutputError(f"{place} cannot be removed from {cache}.", fix="Look at who may write there.")
    return strategy.expected_freed_size


class _Download:
    """Files of one place, one by one."""

    def __init__(self, place: HubPlace, settings: Settings) -> None:
        self.place, self.settings = place, settings

    def manifest(self) -> Path:
        """The folder with the manifest in it, which is signed by whom the catalogue names. From now on the place is of
        its commit."""
        path = self._get(MANIFEST, None)
        try:
            read_manifest(path.parent)
        except WeightsError:
            if self.settings.offline:
                raise
            self._damaged(MANIFEST)
            path = self._get(MANIFEST, None, force=True)
            read_manifest(path.parent)
        if _COMMIT.fullmatch(path.parent.name):
            self.place = HubPlace(self.place.repo, path.parent.name)  # all is of this commit, whatever is pushed now
        signer = default_catalogue().signer(str(self.place))
        if signer:
            signing.verify(path, self.signature(), signer, of=str(self.place))
        return path.parent

    def rest(self, folder: Path) -> None:
        """Every file that the manifest in `folder` names."""
        for name, record in read_manifest(folder).files.items():
            if Path(name).name != name:
                raise WeightsCorruptError(
                    f"The manifest of {self.place} names {name!r}.", why="A bundle's files lie in one folder.",
                    fix=f"Tell the owner of {self.place.repo}; do not use it.",
                )  # fmt: skip
            self.file(name, record)

    def _damaged(self, name: str) -> None:
        warnings.warn(f"{name} of {self.place} is damaged: it is fetched again.", Remark, stacklevel=5)

    def file(self, name: str, record: FileRecord) -> Path:
        """The path of a file in the cache, checked against its record."""
        path = self._get(name, record)
        try:
            verify_file(path, record)
        except WeightsCorruptError as error:
            if self.settings.offline:
                raise
            self._damaged(name)
            path = self._get(name, record, force=True)
            try:
                verify_file(path, record)
            except WeightsCorruptError:
                raise self._other_bytes(name, f"It was fetched twice. {error.why}") from error
        return path

    def signature(self) -> Path:
        """The signature of the manifest, in the cache.

        Raises:
            SignatureMissingError: there is none.
        """
        try:
            return self._get(signing.SIGNATURE, None)
        except HubError as error:
            if not isinstance(error.__cause__, Exception) or status_of(error.__cause__) != 404:
                raise
            raise SignatureMissingError(
                f"{self.place} is not signed.", why="The catalogue names who should have signed it.",
                fix=f"Tell the owner of {self.place.repo}; do not use it.",
            ) from error  # fmt: skip

    def _get(self, name: str, record: FileRecord | None, *, force: bool = False) -> Path:
        from huggingface_hub import hf_hub_download, try_to_load_from_cache

        place, settings = self.place, self.settings
        if place.pinned or settings.offline:
            found = try_to_load_from_cache(place.repo, name, cache_dir=settings.hub_cache, revision=place.revision)
            if isinstance(found, str) and not force:
                return Path(found)
        if settings.offline:
            raise OfflineError(
                f"{name} of {place} is not on this machine.",
                why=f"HF_HUB_OFFLINE is set, and {settings.hub_cache} does not hold it.",
                fix="Unset HF_HUB_OFFLINE, or carry the folder here and give it as weights=FOLDER.",
            )
        with self._errors(name), as_set_now(settings):
            self._ask(name, record)
            path = hf_hub_download(
                place.repo, name, revision=place.revision, cache_dir=settings.hub_cache, endpoint=settings.endpoint,
                token=settings.token, library_name="s2pzoo", force_download=force,
            )  # fmt: skip
        return Path(path)

    def _ask(self, name: str, record: FileRecord | None) -> None:
        """Ask for a file's size first: huggingface_hub would try for 25 s in silence where there is no answer.

        Raises:
            WeightsCorruptError: it is of another size than the manifest says; nothing is downloaded.
        """
        from huggingface_hub import get_hf_file_metadata, hf_hub_url

        settings = self.settings
        url = hf_hub_url(self.place.repo, name, revision=self.place.revision, endpoint=settings.endpoint)
        for wait in (*WAITS, None):
            try:
                meta = get_hf_file_metadata(
                    url, token=settings.token, timeout=settings.etag_timeout, endpoint=settings.endpoint
                )
                break
            except Exception as error:
                status = status_of(error)
                if wait is None or (status is not None and status < 500):
                    raise
                said = f"it answers {status}" if status else _innermost(error)
                told = f"{host_of(settings)}: {said}. Trying again in {wait:g} s."
                warnings.warn(told, Remark, stacklevel=6)
                time.sleep(wait)
        if record and meta.size is not None and meta.size != record.size:
            raise self._other_bytes(name, f"The Hub has {meta.size:,} bytes; the manifest says {record.size:,}.")

    def _other_bytes(self, name: str, why: str) -> WeightsCorruptError:
        return WeightsCorruptError(
            f"{name} of {self.place} is not what its manifest says.", why=why,
            fix=f"Tell the owner of {self.place.repo}, or use another revision.",
        )  # fmt: skip

    @contextlib.contextmanager
    def _errors(self, name: str) -> Iterator[None]:
        from huggingface_hub import errors

        place, host = self.place, host_of(self.settings)
        try:
            yield
        except S2PZooError:
            raise
        except errors.GatedRepoError as error:
            raise HubError(
                f"{place.repo} is gated.", why=f"{host} gives it to whom its owners let in.",
                fix=f"Ask for access at {self.settings.endpoint}/{place.repo}, then {LOG_IN}",
            ) from error  # fmt: skip
        except errors.RepositoryNotFoundError as error:
            raise HubError(
                f"There is no repository {place.repo} on {host}, or it is private.",
                why="The Hub does not say which." + (" A token was sent." if self.settings.token else ""),
                fix=f"Look at the name. If it is private: {LOG_IN}",
            ) from error  # fmt: skip
        except errors.RevisionNotFoundError as error:
            raise HubError(
                f"{place.repo} has no revision {place.revision}.", why=f"{host} knows no such branch, tag or commit.",
                fix=f"Look at {self.settings.endpoint}/{place.repo}/commits/main",
            ) from error  # fmt: skip
        except errors.RemoteEntryNotFoundError as error:
            why = "So it is no bundle of s2pzoo." if name == MANIFEST else "Its manifest names it."
            fix = "Give a repository that `s2pzoo` wrote." if name == MANIFEST else f"Tell the owner of {place.repo}."
            raise HubError(f"{place} has no {name}.", why=why, fix=fix) from error
        except Exception as error:  # of the network, by whatever name, or of the disk
            if isinstance(error, OSError) and error.errno in _UNWRITABLE:
                raise OutputError(
                    f"{name} of {place} cannot be kept in {self.settings.hub_cache}.", why=error.strerror or str(error),
                    fix="Make room or give another folder: HF_HUB_CACHE=FOLDER.",
                ) from error  # fmt: skip
            raise self._no_answer(name, error) from error

    def _no_answer(self, name: str, error: Exception) -> HubError:
        if any("xet" in frame.name for frame in traceback.extract_tb(error.__traceback__)):
            return HubError(
                f"{name} of {self.place} could not be fetched from the Xet storage of {host_of(self.settings)}.",
                why=why_of(error), fix="Try without it: HF_HUB_DISABLE_XET=1.",
            )  # fmt: skip
        return HubError(
            f"{name} of {self.place} could not be fetched from {host_of(self.settings)}.", why=why_of(error),
            fix="Look at the connection and try again (HF_ENDPOINT, HTTPS_PROXY; HF_HUB_ETAG_TIMEOUT=SECONDS and "
            "HF_HUB_DOWNLOAD_TIMEOUT=SECONDS where it is slow). HF_HUB_OFFLINE=1 uses what is on this machine.",
        )  # fmt: skip


LOG_IN = "set HF_TOKEN, or run: hf auth login"
_UNWRITABLE = {
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOSPC,
    errno.EDQUOT,
    errno.ENOTDIR,
    errno.EFBIG,
    errno.ENOLCK,
    errno.EOPNOTSUPP,
}  # fmt: skip - a file system that cannot lock, too


@contextlib.contextmanager
def as_set_now(settings: Settings) -> Iterator[None]:
    """huggingface_hub reads the environment when it is imported. Within, it goes by what is set now."""
    from huggingface_hub import constants

    now: dict[str, Any] = {
        "HF_HUB_OFFLINE": settings.offline,
        "HF_HUB_ETAG_TIMEOUT": settings.etag_timeout,
        "HF_HUB_DOWNLOAD_TIMEOUT": settings.download_timeout,
        "HF_HUB_DISABLE_XET": settings.disable_xet,
    }
    with _constants:
        before = {name: getattr(constants, name) for name in now}
        try:
            for name, value in now.items():
                setattr(constants, name, value)
            yield
        finally:
            for name, value in before.items():
                setattr(constants, name, value)


def host_of(settings: Settings) -> str:
    """The Hub's host, for messages."""
    return urlsplit(settings.endpoint).netloc or settings.endpoint


def status_of(error: Exception) -> int | None:
    """The HTTP status that the Hub answered with, where it answered."""
    return getattr(getattr(error, "response", None), "status_code", None)


def why_of(error: Exception) -> str:
    """What the Hub answered, or what went wrong on the way, as a sentence."""
    status = status_of(error)
    return f"It answers {status}." if status else f"{_innermost(error)}."


def _innermost(error: Exception) -> str:
    """The first line of what went wrong at the bottom."""
    while error.__cause__ is not None and isinstance(error.__cause__, Exception):
        error = error.__cause__
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0]}".rstrip(".") if lines else type(error).__name__
