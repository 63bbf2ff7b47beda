"""Signed manifests, by OpenSSF model signing (`s2pzoo[signing]`): whoever publishes a bundle signs its manifest, which
holds the sha256 of every other file; whom the catalogue names as its signer must have signed what is loaded.

A key is an elliptic one in PEM, as `openssl ecparam -name prime256v1 -genkey -noout -out key.pem` makes it; the
catalogue holds its public half, `openssl ec -in key.pem -pubout`.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from s2pzoo.errors import BrokenSignatureError, MissingExtraError, OutputError, UsageError, WrongSignerError
from s2pzoo.weights.manifest import MANIFEST

SIGNATURE = "manifest.sig"
"""Beside the manifest, which does not name it."""


def sign(folder: Path, key: Path) -> str:
    """Sign the manifest in a folder, and write the signature beside it.

    Args:
        key: the private key, a PEM file.

    Returns:
        The public key, in PEM.

    Raises:
        UsageError: it is no such key. OutputError: the signature cannot be written.
        MissingExtraError: model signing is not installed.
    """
    signing, serialization = _library("signing"), _serialization()
    with tempfile.TemporaryDirectory() as away:
        inside, signature = Path(away) / MANIFEST, Path(away) / SIGNATURE
        inside.write_bytes((folder / MANIFEST).read_bytes())
        try:
            private = serialization.load_pem_private_key(key.read_bytes(), password=None)
            signing.Config().use_elliptic_key_signer(private_key=key).sign(inside, signature)
        except Exception as error:  # a key of another kind, a curve that nobody knows, an encrypted one
            raise UsageError(
                f"{key} cannot sign.", why=str(error) or type(error).__name__,
                fix="Make a key: openssl ecparam -name prime256v1 -genkey -noout -out key.pem",
            ) from error  # fmt: skip
        made = signature.read_bytes()
    try:
        (folder / SIGNATURE).write_bytes(made)
    except OSError as error:
        raise OutputError(f"{folder / SIGNATURE} cannot be written.", why=error.strerror or str(error)) from error
    public: bytes = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return public.decode()


def verify(manifest: Path, signature: Path, signer: str, *, of: str) -> None:
    """Whether the signer signed this manifest.

    Args:
        signer: the public key, in PEM.
        of: what is loaded, for messages.

    Raises:
        WrongSignerError: somebody else signed it. BrokenSignatureError: it is not what was signed, or no signature.
        MissingExtraError: model signing is not installed.
    """
    verifying = _library("verifying")
    with tempfile.TemporaryDirectory() as folder:
        key = Path(folder) / "signer.pem"
        key.write_text(signer, encoding="utf-8")
        # Where it lies in the Hub's cache both are links; what is read must be theirs.
        inside = Path(folder) / MANIFEST
        inside.write_bytes(manifest.read_bytes())
        try:
            verifying.Config().use_elliptic_key_verifier(public_key=key).verify(inside, signature)
        except Exception as error:
            said = str(error).split(":")[0]
            if said == "Key mismatch":
                raise WrongSignerError(
                    f"{of} was signed by somebody else than the catalogue names.", why="The keys differ.",
                    fix="Tell whoever publishes it; do not use it.",
                ) from error  # fmt: skip
            raise BrokenSignatureError(
                f"The manifest of {of} is not the one that was signed.", why=said[:200],
                fix="Tell whoever publishes it; do not use it.",
            ) from error  # fmt: skip


def _library(name: str) -> Any:
    try:
        import importlib

        return importlib.import_module(f"model_signing.{name}")
    except ImportError as error:
        raise MissingExtraError("Signatures need model signing.", extra="signing", why=str(error)) from error


def _serialization() -> Any:
    from cryptography.hazmat.primitives import serialization

    return serialization
