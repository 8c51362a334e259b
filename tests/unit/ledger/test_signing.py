import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from riskml.config import settings
from riskml.errors import LedgerError
from riskml.ledger import Ledger, signing
from tests.unit.ledger.support import score, tampering, whats


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "keys"


def public(folder: Path) -> str:
    return (folder / "ledger-ed25519.pub").read_text().strip()


def test_the_key_is_made_once_and_for_its_owner_alone(keys: Path) -> None:
    first = signing.public_hex(signing.load_signer(keys))
    assert signing.public_hex(signing.load_signer(keys)) == first == public(keys)
    assert stat.S_IMODE((keys / "ledger-ed25519.pem").stat().st_mode) == 0o600
    assert sorted(path.name for path in keys.iterdir()) == [
        "ledger-ed25519.pem",
        "ledger-ed25519.pub",
    ]


def test_processes_that_make_the_key_at_once_agree(keys: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: signing.public_hex(signing.load_signer(keys)), range(8)))
    assert made == {public(keys)}


def test_the_key_lies_under_the_home(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RISKML_HOME", str(tmp_path / "home"))
    settings.cache_clear()
    ledger.append_scores([score()], writer="w")
    ledger.sign_heads()
    settings.cache_clear()
    assert (tmp_path / "home" / "keys" / "ledger-ed25519.pem").exists()


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\n"])
def test_a_damaged_key_is_named(keys: Path, content: bytes) -> None:
    keys.mkdir()
    (keys / "ledger-ed25519.pem").write_bytes(content)
    with pytest.raises(LedgerError, match=r"signing key .*ledger-ed25519\.pem cannot be used"):
        signing.load_signer(keys)


def test_a_key_of_another_kind_is_named(keys: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    other = X25519PrivateKey.generate()
    keys.mkdir()
    pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (keys / "ledger-ed25519.pem").write_bytes(pem)
    with pytest.raises(LedgerError, match="is no Ed25519 key"):
        signing.load_signer(keys)


def test_heads_are_signed_only_when_something_was_appended(ledger: Ledger, keys: Path) -> None:
    assert not ledger.sign_heads(keys)
    ledger.append_scores([score()], writer="w")
    assert [ledger.sign_heads(keys), ledger.sign_heads(keys)] == [True, False]
    ledger.append_scores([score()], writer="w")
    assert ledger.sign_heads(keys)
    report = ledger.verify()
    assert (report.ok, report.checkpoints, report.unsigned_rows) == (True, 2, 0)
    assert report.signers == (public(keys),)


def test_a_statement_says_where_each_chain_ends(ledger: Ledger, keys: Path) -> None:
    ledger.append_scores([score(), score()], writer="w")
    ledger.sign_heads(keys)
    with ledger.reading() as connection:
        (checkpoint,) = signing.read_checkpoints(connection)
    (chain,) = ledger.verify().chains
    assert checkpoint.heads() == [("scores", "w", 2, chain.row_hash)]
    statement = json.loads(checkpoint.statement)
    assert (statement["number"], statement["previous"]) == (1, "0" * 64)


def test_only_trusted_signers_count_when_they_are_named(ledger: Ledger, keys: Path) -> None:
    ledger.append_scores([score()], writer="w")
    ledger.sign_heads(keys)
    assert ledger.verify(trusted=[public(keys)]).ok
    (problem,) = ledger.verify(trusted=["00" * 32]).problems
    assert problem.what == f"signed by {public(keys)}, which is not trusted"


@pytest.mark.parametrize(
    ("deed", "sentences"),
    [
        (
            "UPDATE checkpoints SET statement = replace(statement, '\"scores\"', '\"events\"') "
            "WHERE number = 3",
            ["the signature does not fit the statement"],
        ),
        (
            "UPDATE checkpoints SET signature = 'zz' WHERE number = 3",
            ["the signature does not fit the statement"],
        ),
        (
            "UPDATE checkpoints SET public_key = '' WHERE number = 3",
            ["the signature does not fit the statement"],
        ),
        ("DELETE FROM checkpoints WHERE number = 2", ["checkpoint N is missing"]),
        ("DELETE FROM checkpoints WHERE number < 3", ["checkpoint N is missing"]),
        (
            "UPDATE checkpoints SET (statement, signature) = "
            "(SELECT statement, signature FROM checkpoints WHERE number = 1) WHERE number = 2",
            ["checkpoint N is missing", "it does not follow the checkpoint before it"],
        ),
    ],
)
def test_tampering_with_checkpoints_is_found(
    ledger: Ledger, url: str, keys: Path, deed: str, sentences: list[str]
) -> None:
    for _ in range(3):
        ledger.append_scores([score()], writer="w")
        ledger.sign_heads(keys)
    with tampering(url) as connection:
        connection.execute(deed)
    assert whats(ledger.verify().problems) == sentences
