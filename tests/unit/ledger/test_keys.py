import sqlite3
from contextlib import closing

import pytest

from riskml.errors import LedgerError, UsageError
from riskml.ledger import ROLES, Ledger, Principal
from tests.unit.ledger.support import file_of


@pytest.mark.parametrize("role", ROLES)
def test_a_secret_leads_to_its_principal(ledger: Ledger, role: str) -> None:
    key_id, secret = ledger.create_key(role, office="HPH", label="engine of Hai Phong")
    assert ledger.authenticate(secret) == Principal(key_id, role, "HPH")


def test_what_is_no_secret_leads_nowhere(ledger: Ledger) -> None:
    key_id, secret = ledger.create_key("engine")
    other_id, other = ledger.create_key("admin")
    mixed = f"rk_{other_id}_{secret.split('_', 2)[2]}"
    wrong = ["", key_id, secret[:-1], secret + "x", secret.upper(), mixed, "rk__", "rk_a_b"]
    wrong += ["\0", "\ud800", "_" * 9, "rk_' OR 1=1_x", "x" * 100_000]
    assert [ledger.authenticate(text) for text in wrong] == [None] * len(wrong)
    assert ledger.authenticate(other) is not None


def test_a_revoked_key_is_useless(ledger: Ledger) -> None:
    key_id, secret = ledger.create_key("auditor")
    ledger.revoke_key(key_id)
    assert ledger.authenticate(secret) is None
    (info,) = ledger.list_keys()
    assert info.revoked_at is not None
    for name in (key_id, "absent", "\0", "x" * 9999):
        with pytest.raises(LedgerError, match="no active key"):
            ledger.revoke_key(name)


def test_the_secret_is_nowhere_in_the_file(ledger: Ledger, url: str) -> None:
    _, secret = ledger.create_key("engine")
    with closing(sqlite3.connect(file_of(url))) as connection:
        dump = "\n".join(connection.iterdump())
    assert secret.split("_", 2)[2] not in dump


def test_secrets_are_long_and_differ(ledger: Ledger) -> None:
    secrets = {ledger.create_key("engine")[1].split("_", 2)[2] for _ in range(5)}
    assert len(secrets) == 5
    assert all(len(secret) >= 43 for secret in secrets)  # 256 bits in base64


def test_keys_are_listed_oldest_first_and_their_life_is_recorded(ledger: Ledger) -> None:
    first, _ = ledger.create_key("engine", label="a")
    second, _ = ledger.create_key("office", office="DAD", label="b")
    ledger.revoke_key(first)
    listed = [(key.key_id, key.role, key.office, key.label) for key in ledger.list_keys()]
    assert listed == [(first, "engine", None, "a"), (second, "office", "DAD", "b")]
    life = [(record.kind, record.payload["key_id"]) for record in ledger.records()]
    assert life == [("key_created", first), ("key_created", second), ("key_revoked", first)]


def test_an_unknown_role_is_refused(ledger: Ledger) -> None:
    with pytest.raises(UsageError, match="unknown role 'root'"):
        ledger.create_key("root")
    assert ledger.list_keys() == []
