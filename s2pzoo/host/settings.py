"""What the environment says, read when it is asked and never at import."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from attrs import field, frozen

from s2pzoo.errors import UsageError


@frozen(kw_only=True)
class Settings:
    """One reading of the environment.

    Attributes:
        plugins: S2PZOO_PLUGINS, the only families to load, parted by commas, or `-` for none; None where unset or
            empty: all.
        disable: S2PZOO_DISABLE, families not to load, parted by commas.
        weights: S2PZOO_WEIGHTS, folders to look for bundles in, parted as PATH is.
        cache: S2PZOO_CACHE, the folder for stamps and gallery features; else s2pzoo in XDG_CACHE_HOME or
            ~/.cache.
        offline: HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is 1, on, yes or true.
        endpoint: HF_ENDPOINT, the Hub's address.
        token: HF_TOKEN; None: the one that `hf auth login` keeps, if there is one.
        hub_cache: HF_HUB_CACHE, the folder that huggingface_hub keeps downloads in; else hub in HF_HOME.
        etag_timeout, download_timeout: HF_HUB_ETAG_TIMEOUT, HF_HUB_DOWNLOAD_TIMEOUT: seconds to wait for an answer, for
            more bytes.
        disable_xet: HF_HUB_DISABLE_XET.
    """

    plugins: frozenset[str] | None = None
    disable: frozenset[str] = frozenset()
    weights: tuple[Path, ...] = ()
    cache: Path = Path("~/.cache/s2pzoo").expanduser()
    offline: bool = False
    endpoint: str = "https://huggingface.co"
    token: str | None = field(default=None, repr=False)
    hub_cache: Path = Path("~/.cache/huggingface/hub").expanduser()
    etag_timeout: int = 10
    download_timeout: int = 10
    disable_xet: bool = False

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """The settings as `environ`, by default os.environ, has them now."""
        env = os.environ if environ is None else environ
        caches = Path(env.get("XDG_CACHE_HOME") or "~/.cache")
        home = Path(env.get("HF_HOME") or caches / "huggingface")
        return cls(
            plugins=_words(env.get("S2PZOO_PLUGINS", "")) or None,
            disable=_words(env.get("S2PZOO_DISABLE", "")),
            weights=tuple(_folder(path, "S2PZOO_WEIGHTS") for path in _paths(env.get("S2PZOO_WEIGHTS", ""))),
            cache=_folder(env.get("S2PZOO_CACHE") or caches / "s2pzoo", "S2PZOO_CACHE"),
            offline=_is_on(env, "HF_HUB_OFFLINE") or _is_on(env, "TRANSFORMERS_OFFLINE"),
            endpoint=(env.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/"),
            token=(env.get("HF_TOKEN") or "").strip() or None,
            hub_cache=_folder(
                env.get("HF_HUB_CACHE") or env.get("HUGGINGFACE_HUB_CACHE") or home / "hub", "HF_HUB_CACHE or HF_HOME"
            ),
            etag_timeout=_seconds(env, "HF_HUB_ETAG_TIMEOUT"),
            download_timeout=_seconds(env, "HF_HUB_DOWNLOAD_TIMEOUT"),
            disable_xet=_is_on(env, "HF_HUB_DISABLE_XET"),
        )

    def blocks(self, family: str) -> str:
        """Why the environment switches `family` off, or an empty text."""
        if family in self.disable:
            return f"S2PZOO_DISABLE names {family}"
        if self.plugins is not None and family not in self.plugins:
            return f"S2PZOO_PLUGINS does not name {family}"
        return ""


def _folder(path: str | Path, variable: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError as error:  # ~nobody
        raise UsageError(f"The folder {path} cannot be found.", why=str(error), fix=f"Change {variable}.") from error


def _is_on(env: Mapping[str, str], variable: str) -> bool:
    return env.get(variable, "").strip().lower() in {"1", "on", "yes", "true"}


def _seconds(env: Mapping[str, str], variable: str) -> int:
    text = env.get(variable, "").strip() or "10"
    if not text.isdecimal() or not int(text):
        raise UsageError(f"{variable} is {text!r}.", fix="Give whole seconds, at least 1.")
    return int(text)


def _paths(text: str) -> list[str]:
    return [path for path in text.split(os.pathsep) if path.strip()]


def _words(text: str) -> frozenset[str]:
    return frozenset(word.strip() for word in text.split(",") if word.strip())
