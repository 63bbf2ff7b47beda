"""Put a bundle on the Hub, as one commit, and say how to refer to it. Torch-free."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
from attrs import frozen

from s2pzoo.errors import ConfigError, HubError, OfflineError
from s2pzoo.host.settings import Settings
from s2pzoo.weights.bundle import Bundle, read_bundle
from s2pzoo.weights.card import own_metrics
from s2pzoo.weights.hub import LOG_IN, HubPlace, as_set_now, host_of, status_of, why_of
from s2pzoo.weights.manifest import MANIFEST
from s2pzoo.weights.signing import SIGNATURE, sign
from s2pzoo.weights.verify import record_of

COMMIT = "<commit>"
"""Where nothing was uploaded yet."""


@frozen(kw_only=True)
class Published:
    """What was uploaded, or would be.

    Attributes:
        place: where: `owner/repo@<commit of 40 digits>`.
        url: its page.
        files: name -> bytes.
        entry: the TOML file for registry/bundles/.
    """

    place: HubPlace
    url: str
    files: dict[str, int]
    entry: str


def publish(
    folder: str | Path, repo: str, *, private: bool = False, dry_run: bool = False, key: str | Path | None = None
) -> Published:
    """Upload the bundle in `folder` to `owner/repo`, which is made if there is none. Only the bundle's own files go.

    Args:
        private: of a repository that is made.
        dry_run: check all that can be checked here, and upload nothing.
        key: a private key in PEM, to sign the manifest with; see `weights.signing`.

    Raises:
        WeightsError: it is no bundle, or broken.
        ConfigError: its manifest lacks a summary or a licence.
        UsageError: not the name of a repository.
        OfflineError, HubError: the Hub cannot be reached, or does not take it.
    """
    bundle, place = read_bundle(folder), HubPlace.read(repo)
    bundle.verify()
    _check_said(bundle)
    settings = Settings.read()
    signer = sign(bundle.folder, Path(key)) if key else ""
    commit = COMMIT if dry_run else _upload(bundle, place, settings, private=private, signed=bool(signer))
    place = HubPlace(place.repo, commit)
    manifest = record_of(bundle.folder / MANIFEST)
    return Published(
        place=place,
        url=f"{settings.endpoint}/{place.repo}",
        files={name: record.size for name, record in (bundle.manifest.files | {MANIFEST: manifest}).items()},
        entry=catalogue_entry(bundle, hub=str(place), bundled=False, signer=signer),
    )


def catalogue_entry(bundle: Bundle, *, hub: str, bundled: bool, summary: str = "", signer: str = "") -> str:
    """The catalogue's TOML for a bundle: `registry/bundles/NAME.toml`.

    Args:
        hub: `owner/repo@commit`, or empty where it is not on the Hub.
        bundled: whether the plugin's wheel holds it.
        summary: instead of the manifest's.
        signer: the public key of who signed it.
    """
    said, manifest = bundle.manifest, record_of(bundle.folder / MANIFEST)
    facts = {
        "name": said.model, "summary": summary or said.summary, "bundled": bundled, "hub": hub,
        "size": bundle.bytes + manifest.size, "sha256": manifest.sha256,
    } | ({"signer": signer} if signer else {})  # fmt: skip
    lines = [*_toml(facts), "", "[licence]", *_toml(attrs.asdict(said.licence))]
    for row in own_metrics(said):
        kept = {name: round(value, 4) if isinstance(value, float) else value for name, value in row.items()}
        told = {json.dumps(name, ensure_ascii=False): value for name, value in kept.items() if value is not None}
        lines += ["", "[[metrics]]", *_toml(told)]
    return "\n".join([*lines, ""])


def _toml(facts: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in facts.items()]


def _check_said(bundle: Bundle) -> None:
    licence = {f"licence.{kind}": text for kind, text in attrs.asdict(bundle.manifest.licence).items()}
    missing = [name for name, text in ({"summary": bundle.manifest.summary} | licence).items() if not text.strip()]
    if missing:
        raise ConfigError(
            f"The bundle in {bundle.folder} does not say its {', '.join(missing)}.",
            why="People need to know what they get and what they may do with it.",
            fix="Save it with metadata={...}, or say it in the recipe's [output].",
        )


def _upload(bundle: Bundle, place: HubPlace, settings: Settings, *, private: bool, signed: bool) -> str:
    """The commit."""
    from huggingface_hub import HfApi

    if settings.offline:
        raise OfflineError(f"{place.repo} cannot be published.", why="HF_HUB_OFFLINE is set.", fix="Unset it.")
    api = HfApi(endpoint=settings.endpoint, token=settings.token, library_name="s2pzoo")
    try:
        with as_set_now(settings):
            api.create_repo(place.repo, private=private, exist_ok=True)
            made = api.upload_folder(
                repo_id=place.repo, folder_path=bundle.folder, commit_message=f"{bundle.manifest.model}, by s2pzoo",
                allow_patterns=[MANIFEST, *bundle.manifest.files, *([SIGNATURE] if signed else [])],
                revision=place.revision,
            )  # fmt: skip
    except Exception as error:
        refused = status_of(error) in (401, 403) or type(error).__name__ == "LocalTokenNotFoundError"
        raise HubError(
            f"{bundle.manifest.model} could not be published to {place.repo} on {host_of(settings)}.",
            why=why_of(error),
            fix=f"For a token that may write: {LOG_IN}" if refused else "Look at the connection and try again.",
        ) from error
    return str(made.oid)
