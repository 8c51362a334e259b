"""Signed statements of where every chain ends (Ed25519, RFC 8032).

A checkpoint's statement is canonical JSON: ``number``, ``signed_at``, ``previous`` (the hash of the
statement before) and ``heads``, a list of ``[table, writer, position, row_hash]``. Whoever holds
the public key and one later export can tell that nothing signed was altered or removed.
"""

import hashlib
import json
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from riskml.config import settings
from riskml.errors import LedgerError
from riskml.ledger.canonical import canonical_json, from_micros, iso
from riskml.ledger.chain import GENESIS
from riskml.ledger.database import is_postgresql
from riskml.ledger.files import whole_file
from riskml.ledger.records import Problem
from riskml.ledger.tables import checkpoints, heads

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["Checkpoint", "check_checkpoints", "load_signer", "read_checkpoints", "sign"]

PRIVATE_NAME = "ledger-ed25519.pem"
PUBLIC_NAME = "ledger-ed25519.pub"
CHECKPOINT_LOCK = 0x7269736B_736967
"""Advisory lock of PostgreSQL behind which checkpoints are numbered."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One signed statement, as stored: all text, keys and signatures in hexadecimal."""

    number: int
    statement: str
    public_key: str
    signature: str

    def heads(self) -> list[tuple[str, str, int, str]]:
        """Return table, writer, position and hash of every chain's end."""
        found = json.loads(self.statement)["heads"]
        return [(table, writer, position, digest) for table, writer, position, digest in found]


def load_signer(folder: Path | None = None) -> "Ed25519PrivateKey":
    """Return the signing key in ``folder`` (default ``RISKML_HOME/keys``), made on demand.

    The private key is readable by its owner alone; the public one lies beside it in hexadecimal,
    to be handed to auditors.

    Raises
    ------
    LedgerError
        If the key cannot be read or written, or ``cryptography`` is not installed.
    """
    folder = folder or settings().home / "keys"
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except ImportError as error:
        raise LedgerError(
            "signing needs the package cryptography", "pip install 'riskml[serving]'"
        ) from error
    path = folder / PRIVATE_NAME
    try:
        if not path.exists():
            _make_key(folder)
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise LedgerError(
            f"the signing key {path} cannot be used: {error}", "restore it, or check its rights"
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise LedgerError(f"the signing key {path} is no Ed25519 key", "restore the right one")
    return key


def public_hex(key: "Ed25519PrivateKey") -> str:
    """Return the public half of a key in hexadecimal."""
    return key.public_key().public_bytes_raw().hex()


def sign(connection: Connection, key: "Ed25519PrivateKey") -> bool:
    """Store a checkpoint of all heads, unless the newest one says the same."""
    if is_postgresql(connection):
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(CHECKPOINT_LOCK)))
    ends = sorted(tuple(row) for row in connection.execute(sa.select(heads)) if row.position)
    query = sa.select(checkpoints).order_by(checkpoints.c.number.desc()).limit(1)
    last = connection.execute(query).first()
    if not ends or (last is not None and Checkpoint(*last).heads() == ends):
        return False
    number = 1 if last is None else last.number + 1
    statement = canonical_json(
        {
            "number": number,
            "signed_at": iso(from_micros(time.time_ns() // 1000)),
            "previous": GENESIS if last is None else _digest(last.statement),
            "heads": ends,
        }
    )
    row = {
        "number": number,
        "statement": statement,
        "public_key": public_hex(key),
        "signature": key.sign(statement.encode()).hex(),
    }
    connection.execute(checkpoints.insert(), row)
    return True


def read_checkpoints(connection: Connection) -> list[Checkpoint]:
    """Return all checkpoints in order."""
    query = sa.select(checkpoints).order_by(checkpoints.c.number)
    return [Checkpoint(*row) for row in connection.execute(query)]


def check_checkpoints(
    found: Iterable[Checkpoint], trusted: Collection[str] = ()
) -> tuple[list[Checkpoint], list[Problem]]:
    """Check numbers, order, signers and signatures; what they state is checked on the chains.

    Parameters
    ----------
    trusted : collection of str
        Public keys in hexadecimal; if given, any other signer is a problem.

    Returns
    -------
    tuple
        The checkpoints that hold, and a problem for each other one.
    """
    good, problems = [], []
    previous = GENESIS
    for expected, checkpoint in enumerate(found, start=1):
        what = _fault(checkpoint, expected, previous, trusted)
        if what:
            problems.append(Problem("checkpoints", "", checkpoint.number, what))
        else:
            good.append(checkpoint)
        previous = _digest(checkpoint.statement)
    return good, problems


def _fault(
    checkpoint: Checkpoint, expected: int, previous: str, trusted: Collection[str]
) -> str | None:
    if not _is_signed(checkpoint):
        return "the signature does not fit the statement"
    statement: dict[str, Any] = json.loads(checkpoint.statement)
    if checkpoint.number != expected or statement["number"] != expected:
        return f"checkpoint {expected} is missing"
    if statement["previous"] != previous:
        return "it does not follow the checkpoint before it"
    if trusted and checkpoint.public_key not in trusted:
        return f"signed by {checkpoint.public_key}, which is not trusted"
    return None


def _is_signed(checkpoint: Checkpoint) -> bool:
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError as error:
        raise LedgerError(
            "checking signatures needs the package cryptography", "pip install 'riskml[serving]'"
        ) from error
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(checkpoint.public_key))
        key.verify(bytes.fromhex(checkpoint.signature), checkpoint.statement.encode())
    except (InvalidSignature, ValueError):
        return False
    return True


def _make_key(folder: Path) -> None:
    """Write a fresh key pair; if another process was first, its key stays."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    if _write_once(folder / PRIVATE_NAME, private):
        (folder / PUBLIC_NAME).write_text(f"{public_hex(key)}\n", encoding="ascii")


def _write_once(path: Path, content: bytes) -> bool:
    """Write a file whole, readable by its owner alone, unless it is there; say whether it was."""
    try:
        with whole_file(path, "the key", replace=False) as file:
            file.write(content)
    except FileExistsError:
        return False
    return True


def _digest(statement: str) -> str:
    return hashlib.sha256(statement.encode()).hexdigest()
