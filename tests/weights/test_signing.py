"""A bundle whose signer the catalogue names is loaded only if that signer signed it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest
from trained import trained

import s2pzoo
from s2pzoo.cli.app import run
from s2pzoo.errors import (
    BrokenSignatureError,
    CatalogueError,
    MissingExtraError,
    SignatureMissingError,
    UsageError,
    WeightsCorruptError,
    WrongSignerError,
)
from s2pzoo.host.catalogue import Catalogue, KnownBundle, Licences, read_catalogue
from s2pzoo.testing.hub import TOKEN, Hub
from s2pzoo.weights.manifest import MANIFEST
from s2pzoo.weights.publish import Published, publish
from s2pzoo.weights.signing import SIGNATURE

pytest.importorskip("model_signing")
pytestmark = pytest.mark.usefixtures("tiny_surroundings")
ABOUT = {"summary": "Tiny", "licence": {"code": "MIT", "weights": "MIT", "data": "none"}}


@pytest.fixture(autouse=True)
def _token(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)


def new_key(path: Path) -> Path:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    none = serialization.NoEncryption()
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, none))
    return path


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return new_key(tmp_path / "key.pem")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return trained(s2pzoo.build("tiny.small")).save(tmp_path / "bundle", metadata=ABOUT)


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Published], None]:
    """named(published) makes the catalogue know what was published, as its printed entry says it."""

    def put(made: Published) -> None:
        home = tmp_path / "registry"
        for what in ("plugins", "bundles"):
            (home / what).mkdir(parents=True, exist_ok=True)
        (home / "plugins/tiny.toml").write_text(
            'family = "tiny"\ndistribution = "s2pzoo-tiny"\nsummary = "T"\nlicence = "MIT"\n'
            'source = "a"\nmaintainer = "b"\n'
        )
        (home / "bundles/tiny.small.toml").write_text(made.entry)
        known = read_catalogue(home)
        monkeypatch.setattr("s2pzoo.weights.hub.default_catalogue", lambda: known)

    return put


def test_signed_and_named_it_is_loaded(hub: Hub, folder: Path, key: Path, named: Callable) -> None:
    made = publish(folder, "me/tiny", key=key)
    assert "BEGIN PUBLIC KEY" in made.entry and "PRIVATE" not in made.entry
    named(made)
    assert s2pzoo.load(f"hf://{made.place}").model.name == "tiny.small"


def test_what_nobody_is_named_for_needs_no_signature(hub: Hub, folder: Path, named: Callable) -> None:
    made = publish(folder, "me/tiny")
    named(made)
    assert s2pzoo.load(f"hf://{made.place}").model.name == "tiny.small"


def changed(hub: Hub, made: Published, name: str, change: Callable[[bytes], bytes | None]) -> None:
    """Change a file of the published commit, where it lies."""
    (files,) = [repo.commits[made.place.revision] for repo in hub.repos.values()]
    data = change(files[name])
    if data is None:
        del files[name]
    else:
        files[name] = data


@pytest.mark.parametrize(
    ("name", "change", "error"),
    [
        (MANIFEST, lambda data: data.replace(b"Tiny", b"Tinz"), BrokenSignatureError),
        (SIGNATURE, lambda data: None, SignatureMissingError),
        (SIGNATURE, lambda data: b"garbage", BrokenSignatureError),
        (SIGNATURE, lambda data: b"", BrokenSignatureError),
        ("model.safetensors", lambda data: data[:-1] + bytes([data[-1] ^ 1]), WeightsCorruptError),
    ],
    ids=["a changed byte of the manifest", "no signature", "no signature in it", "an empty one", "changed weights"],
)
def test_each_fault_has_its_own_error(
    hub: Hub, folder: Path, key: Path, named: Callable, name: str, change: Callable, error: type
) -> None:
    made = publish(folder, "me/tiny", key=key)
    named(made)
    changed(hub, made, name, change)
    with pytest.raises(error):
        s2pzoo.load(f"hf://{made.place}")


def test_somebody_elses_signature_is_refused(
    hub: Hub, folder: Path, key: Path, named: Callable, tmp_path: Path
) -> None:
    theirs = publish(folder, "me/tiny", key=new_key(tmp_path / "theirs.pem"))
    ours = publish(folder, "me/tiny", key=key, dry_run=True)
    named(attrs.evolve(theirs, entry=ours.entry.replace("<commit>", theirs.place.revision)))
    with pytest.raises(WrongSignerError, match="somebody else"):
        s2pzoo.load(f"hf://{theirs.place}")


def test_without_the_extra_it_says_what_to_install(
    hub: Hub, folder: Path, key: Path, named: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = publish(folder, "me/tiny", key=key)
    named(made)
    monkeypatch.setitem(sys.modules, "model_signing.verifying", None)
    with pytest.raises(MissingExtraError, match=r"s2pzoo\[signing\]"):
        s2pzoo.load(f"hf://{made.place}")


@pytest.mark.parametrize(
    "content", [None, "", "not a key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"]
)
def test_what_is_no_key_is_told(folder: Path, tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "bad.pem").write_text(content)
    with pytest.raises(UsageError, match="cannot sign"):
        publish(folder, "me/tiny", dry_run=True, key=tmp_path / "bad.pem")
    assert not (folder / SIGNATURE).exists()


def test_keys_of_another_kind_are_told(folder: Path, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

    none = serialization.NoEncryption()
    for key in (rsa.generate_private_key(65537, 2048), ed25519.Ed25519PrivateKey.generate()):
        path = tmp_path / "other.pem"
        path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, none))
        with pytest.raises(UsageError, match="cannot sign"):
            publish(folder, "me/tiny", dry_run=True, key=path)


def test_an_old_signature_is_not_uploaded_with_what_nobody_signed(hub: Hub, folder: Path, key: Path) -> None:
    publish(folder, "me/tiny", dry_run=True, key=key)
    publish(folder, "me/tiny")
    (files,) = [list(repo.commits.values())[-1] for repo in hub.repos.values()]
    assert SIGNATURE not in files


def test_a_repository_is_the_same_in_other_letters() -> None:
    bundle = KnownBundle(
        name="tiny.small", summary="", licence=Licences(code="a", weights="b", data="c"), bundled=False,
        hub=f"Me/Tiny@{'1' * 40}", size=1, sha256="", signer="KEY",
    )  # fmt: skip
    assert Catalogue(bundles={"tiny.small": bundle}).signer(f"me/tiny@{'1' * 40}") == "KEY"


def test_the_command_signs(hub: Hub, folder: Path, key: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["publish", str(folder), "me/tiny", "--sign", str(key)]) == 0
    assert "signer = " in capfd.readouterr().out
    (files,) = [list(repo.commits.values())[-1] for repo in hub.repos.values()]
    assert SIGNATURE in files


def test_a_catalogue_with_a_key_that_is_none_is_wrong(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "bundles").mkdir()
    entry = (
        publish(folder, "me/tiny", dry_run=True)
        .entry.replace("<commit>", "0" * 40)
        .replace("[licence]", 'signer = "me"\n\n[licence]')
    )
    (tmp_path / "bundles/tiny.small.toml").write_text(entry)
    with pytest.raises(CatalogueError, match="no public key"):
        read_catalogue(tmp_path)


def test_a_place_is_asked_for_by_its_commit() -> None:
    licences = Licences(code="a", weights="b", data="c")
    bundle = KnownBundle(
        name="tiny.small", summary="", licence=licences, bundled=False, hub=f"me/tiny@{'1' * 40}", size=1,
        sha256="", signer="KEY",
    )  # fmt: skip
    known = Catalogue(bundles={"tiny.small": bundle})
    assert known.signer(f"me/tiny@{'1' * 40}") == "KEY" and known.signer("me/tiny@main") == ""
