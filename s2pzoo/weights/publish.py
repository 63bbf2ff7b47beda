"""Put a bundle on the Hub, as one commit, and say how to refer to it. Torch-free."""

from __future__ import annotations

import json
from pathlib import Path

from attrs import frozen

from s2pzoo.errors import ConfigError, HubError, OfflineError
from s2pzoo.host.settings import Settings
from s2pzoo.weights.bundle import Bundle, read_bundle
from s2pzoo.weights.hub import LOG_IN, HubPlace, as_set_now, host_of, reason
from s2pzoo.weights.manifest import MANIFEST
from s2pzoo.weights.verify import sha256_of

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


def publish(folder: str | Path, repo: str, *, private: bool = False, dry_run: bool = False) -> Published:
    """Upload the bundle in `folder` to `owner/repo`, which is made if there is none. Only the bundle's own files go.

    Args:
        private: of a repository that is made.
        dry_run: check all that can be checked here, and upload nothing.

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
    if not dry_run:
        place = HubPlace(place.repo, _upload(bundle, place, settings, private=private))
    sizes = {name: record.size for name, record in bundle.manifest.files.items()}
    return Published(
        place=place if place.pinned else HubPlace(place.repo, COMMIT),
        url=f"{settings.endpoint}/{place.repo}",
        files=sizes | {MANIFEST: (bundle.folder / MANIFEST).stat().st_size},
        entry=entry_of(bundle, f"{place.repo}@{place.revision if place.pinned else COMMIT}"),
    )


def entry_of(bundle: Bundle, hub: str) -> str:
    """The catalogue's TOML for a bundle at `owner/repo@commit`."""
    manifest = bundle.manifest
    size = sum(record.size for record in manifest.files.values()) + (bundle.folder / MANIFEST).stat().st_size
    facts = {
        "name": manifest.model, "summary": manifest.summary, "bundled": False, "hub": hub, "size": size,
        "sha256": sha256_of(bundle.folder / MANIFEST),
    }  # fmt: skip
    licence = {"code": manifest.licence.code, "weights": manifest.licence.weights, "data": manifest.licence.data}
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in facts.items()]
    return (
        "\n".join([*lines, "", "[licence]", *(f"{key} = {json.dumps(text)}" for key, text in licence.items())]) + "\n"
    )


def _check_said(bundle: Bundle) -> None:
    licence = bundle.manifest.licence
    said = {
        "summary": bundle.manifest.summary, "licence.code": licence.code, "licence.weights": licence.weights,
        "licence.data": licence.data,
    }  # fmt: skip
    missing = [name for name, text in said.items() if not text.strip()]
    if missing:
        raise ConfigError(
            f"The bundle in {bundle.folder} does not say its {', '.join(missing)}.",
            why="People need to know what they get and what they may do with it.",
            fix="Save it with metadata={...}, or say it in the recipe's [output].",
        )


def _upload(bundle: Bundle, place: HubPlace, settings: Settings, *, private: bool) -> str:
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
                allow_patterns=[MANIFEST, *bundle.manifest.files], revision=place.revision,
            )  # fmt: skip
    except Exception as error:
        status = getattr(getattr(error, "response", None), "status_code", None)
        refused = status in (401, 403) or type(error).__name__ == "LocalTokenNotFoundError"
        raise HubError(
            f"{bundle.manifest.model} could not be published to {place.repo} on {host_of(settings)}.",
            why=f"It answers {status}." if status else f"{reason(error)}.",
            fix=f"For a token that may write: {LOG_IN}" if refused else "Look at the connection and try again.",
        ) from error
    return str(made.oid)
