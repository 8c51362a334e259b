"""A bundle's files: canonical JSON, digests, and the proof that nothing was changed.

`manifest.json` names every other file with its SHA-256 and is itself canonical JSON with its own
digest inside, so a changed byte anywhere is found: in a part by the part's digest, in the
manifest by its digest or by not being canonical any more.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from riskml.errors import BundleError

__all__ = [
    "FORMAT_VERSION",
    "MANIFEST",
    "REQUIRED",
    "canonical_json",
    "digest_of",
    "model_digest",
    "read_verified",
    "write_folder",
]

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
REQUIRED = ("booster.txt", "calibrator.json", "features.json")
_SELF = "manifest_digest"
_AGAIN = "export the bundle again, or train the model again"


def canonical_json(data: Mapping[str, Any]) -> bytes:
    """Return the one JSON text of ``data``: keys sorted, no NaN, UTF-8, a newline at the end."""
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False)
    return (text + "\n").encode()


def digest_of(content: bytes) -> str:
    """Return the SHA-256 of ``content`` as hex."""
    return hashlib.sha256(content).hexdigest()


def model_digest(digests: Mapping[str, str]) -> str:
    """Return the SHA-256 over the names and digests of the parts, in order of name.

    The manifest is no part: the same booster, calibrator and features are the same model,
    whenever and wherever they were made.
    """
    return digest_of("".join(f"{name}\0{digests[name]}\n" for name in sorted(digests)).encode())


def write_folder(folder: Path, parts: Mapping[str, bytes], manifest: Mapping[str, Any]) -> None:
    """Write parts and manifest into a new folder that appears complete or not at all.

    Parameters
    ----------
    folder : Path
        An existing bundle at this place is replaced; anything else is refused.
    parts : mapping of str to bytes
        Content of each file but the manifest.
    manifest : mapping
        Without its own digest, which is added.

    Raises
    ------
    BundleError
        If the place is taken by something that is no bundle, or cannot be written.
    """
    if folder.exists() and not (folder / MANIFEST).is_file() and _occupied(folder):
        raise BundleError(f"{folder} exists and is no bundle", "choose another --out folder")
    sealed = {**manifest, _SELF: digest_of(canonical_json(manifest))}
    contents = {**parts, MANIFEST: canonical_json(sealed)}
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
        try:
            for name, content in contents.items():
                _write_durably(temporary / name, content)
            temporary.chmod(0o755)
            _swap(temporary, folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise BundleError(f"cannot write bundle {folder}: {reason}", "check the folder") from error


def _occupied(folder: Path) -> bool:
    return not folder.is_dir() or any(folder.iterdir())


def _write_durably(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _swap(new: Path, folder: Path) -> None:
    """Put ``new`` in the place of ``folder``.

    A full folder cannot be renamed over, so the old one steps aside first; a reader in between
    finds no bundle and tries again, never a mixed one.
    """
    if not folder.exists():
        new.rename(folder)
        return
    aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.old."))
    folder.replace(aside)
    try:
        new.rename(folder)
    except OSError:
        aside.rename(folder)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def read_verified(folder: Path) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Read a bundle folder and prove that it is complete and unchanged.

    Parameters
    ----------
    folder : Path
        The bundle.

    Returns
    -------
    tuple
        The parts by name, and the manifest.

    Raises
    ------
    BundleError
        If a file is missing, extra, or has a changed byte, or the format version is another.
    """
    manifest = _read_manifest(folder)
    digests = manifest.get("files")
    if not isinstance(digests, dict):
        raise BundleError(f"{folder / MANIFEST} lists no files", _AGAIN)
    _check_listing(folder, digests)
    parts = {}
    for name, digest in digests.items():
        parts[name] = _read(folder / name)
        if digest_of(parts[name]) != digest:
            raise BundleError(f"{folder / name} was changed: its digest differs", _AGAIN)
    if manifest.get("model_digest") != model_digest(digests):
        raise BundleError(f"{folder / MANIFEST} has a wrong model_digest", _AGAIN)
    return parts, manifest


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise BundleError(f"cannot read {path}: {reason}", _AGAIN) from error


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    if not folder.is_dir():
        raise BundleError(f"there is no bundle folder {folder}", "check the model reference")
    if not path.is_file():
        raise BundleError(f"{path} is missing", "give the folder of a bundle")
    content = _read(path)
    try:
        manifest = json.loads(content)
    except ValueError as error:
        raise BundleError(f"{path} is no JSON", _AGAIN) from error
    if not isinstance(manifest, dict):
        raise BundleError(f"{path} is no JSON object", _AGAIN)
    version = manifest.get("format_version")
    if version != FORMAT_VERSION:
        raise BundleError(
            f"{path} has format version {version!r}, this riskml reads {FORMAT_VERSION}",
            "train the model again, or use the riskml version it was written with",
        )
    stated = manifest.pop(_SELF, None)
    sealed = {**manifest, _SELF: stated}
    if stated != digest_of(canonical_json(manifest)) or canonical_json(sealed) != content:
        raise BundleError(f"{path} was changed: its digest differs", _AGAIN)
    return manifest


def _check_listing(folder: Path, digests: Mapping[str, Any]) -> None:
    expected = {*digests, MANIFEST}
    missing = [name for name in REQUIRED if name not in digests]
    if missing:
        raise BundleError(f"{folder / MANIFEST} does not list {', '.join(missing)}", _AGAIN)
    if any(Path(name).name != name for name in digests):
        raise BundleError(f"{folder / MANIFEST} lists a file outside the folder", _AGAIN)
    present = {path.name for path in folder.iterdir()}
    for name in sorted(expected - present):
        raise BundleError(f"{folder / name} is missing", _AGAIN)
    for name in sorted(present - expected):
        raise BundleError(
            f"{folder / name} is not listed in the manifest", "remove the file, or export again"
        )
