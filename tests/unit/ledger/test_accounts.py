"""Users, passwords, sessions, throttling."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from riskml.config import settings
from riskml.errors import UsageError
from riskml.ledger import Accounts, Ledger, LoginError, ThrottledError
from riskml.ledger.tables import sessions, users
from tests.unit.cases.support import Clock

PASSWORD = "correct horse battery"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def accounts(
    ledger: Ledger, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Accounts:
    monkeypatch.setenv("RISKML_HOME", str(tmp_path))
    settings.cache_clear()
    made = Accounts(ledger, clock=clock)
    made.create_user("Lan", PASSWORD, "analyst", office="HPH", full_name="Lan Nguyễn")
    return made


def test_a_session_from_login_to_logout(accounts: Accounts) -> None:
    session = accounts.log_in(" LAN ", PASSWORD, address="10.0.0.1")
    found = accounts.session(session.token)
    assert found is not None
    assert (found.user.name, found.user.role, found.user.office) == ("lan", "analyst", "HPH")
    assert found.csrf == session.csrf
    assert accounts.session("other") is None
    accounts.log_out(session.token)
    assert accounts.session(session.token) is None


def test_neither_password_nor_token_is_stored(accounts: Accounts, ledger: Ledger) -> None:
    session = accounts.log_in("lan", PASSWORD, address="a")
    with ledger.reading() as connection:
        stored = connection.execute(sa.select(users.c.password_hash)).scalar_one()
        kept = str(connection.execute(sa.select(sessions)).all())
    assert stored.startswith("$argon2id$")
    assert session.token not in kept
    told = " ".join(str(record.payload) for record in ledger.records())
    assert PASSWORD not in told
    assert session.token not in told


@pytest.mark.parametrize(
    ("name", "password"), [("lan", "wrong"), ("nobody", PASSWORD), ("gone", PASSWORD), ("", "")]
)
def test_failed_logins_look_alike(accounts: Accounts, name: str, password: str) -> None:
    accounts.create_user("gone", PASSWORD, "analyst")
    accounts.disable_user("gone")
    with pytest.raises(LoginError) as caught:
        accounts.log_in(name, password, address="a")
    assert str(caught.value) == str(LoginError())


def test_a_name_is_throttled_and_let_in_again(accounts: Accounts, clock: Clock) -> None:
    for _ in range(5):
        with pytest.raises(LoginError):
            accounts.log_in("lan", "wrong", address="a")
    with pytest.raises(ThrottledError) as caught:
        accounts.log_in("lan", PASSWORD, address="b")
    assert 0 < caught.value.retry_after <= 15 * 60
    clock.skip(caught.value.retry_after / 3600 + 0.01)
    assert accounts.log_in("lan", PASSWORD, address="b").user.name == "lan"


@pytest.mark.slow
def test_an_address_is_throttled_over_names(accounts: Accounts, clock: Clock) -> None:
    clock.__class__ = type("Still", (Clock,), {"__call__": lambda self: self.now})
    for number in range(20):
        with pytest.raises(LoginError):
            accounts.log_in(f"name{number}", "wrong", address="a")
    with pytest.raises(ThrottledError):
        accounts.log_in("lan", PASSWORD, address="a")
    accounts.log_in("lan", PASSWORD, address="b")


def test_a_session_ends_when_nothing_is_done(accounts: Accounts, clock: Clock) -> None:
    session = accounts.log_in("lan", PASSWORD, address="a")
    for _ in range(3):
        clock.skip(0.4)
        assert accounts.session(session.token) is not None
    clock.skip(0.6)
    assert accounts.session(session.token) is None


def test_a_session_ends_after_twelve_hours(accounts: Accounts, clock: Clock) -> None:
    session = accounts.log_in("lan", PASSWORD, address="a")
    alive = 0
    while accounts.session(session.token) is not None:
        alive += 1
        clock.skip(0.4)
    assert alive * 0.4 == pytest.approx(12, abs=0.8)


def test_a_new_password_ends_the_sessions(accounts: Accounts) -> None:
    session = accounts.log_in("lan", PASSWORD, address="a")
    accounts.set_password("lan", "another long phrase")
    assert accounts.session(session.token) is None
    with pytest.raises(LoginError):
        accounts.log_in("lan", PASSWORD, address="a")
    accounts.log_in("lan", "another long phrase", address="a")


def test_a_disabled_user_is_out_at_once(accounts: Accounts) -> None:
    session = accounts.log_in("lan", PASSWORD, address="a")
    accounts.disable_user("lan")
    assert accounts.session(session.token) is None
    assert [user.disabled_at is not None for user in accounts.users()] == [True]


def test_the_language_is_remembered(accounts: Accounts) -> None:
    session = accounts.log_in("lan", PASSWORD, address="a")
    accounts.set_language(session.token, "en")
    found = accounts.session(session.token)
    assert found is not None
    assert found.user.language == "en"
    with pytest.raises(UsageError):
        accounts.set_language(session.token, "fr")


@pytest.mark.parametrize(
    ("name", "password", "role", "language"),
    [
        ("x", PASSWORD, "analyst", "vi"),
        ("has space", PASSWORD, "analyst", "vi"),
        ("an", "short", "analyst", "vi"),
        ("an", "x" * 201, "analyst", "vi"),
        ("an", PASSWORD, "engine", "vi"),
        ("an", PASSWORD, "analyst", "fr"),
        ("lan", PASSWORD, "analyst", "vi"),
    ],
)
def test_impossible_users_are_refused(
    accounts: Accounts, name: str, password: str, role: str, language: str
) -> None:
    with pytest.raises(UsageError):
        accounts.create_user(name, password, role, language=language)
    assert [user.name for user in accounts.users()] == ["lan"]


def test_logins_and_failures_are_in_the_ledger(accounts: Accounts, ledger: Ledger) -> None:
    accounts.log_in("lan", PASSWORD, address="10.0.0.1")
    with pytest.raises(LoginError):
        accounts.log_in("my secret typed as name", "x", address="10.0.0.2")
    assert [record.payload for record in ledger.records("login")] == [
        {"name": "lan", "address": "10.0.0.1"}
    ]
    assert [record.payload for record in ledger.records("login_failed")] == [
        {"name": None, "address": "10.0.0.2"}
    ]


def test_a_ledger_without_these_tables_is_brought_up_to_date(url: str) -> None:
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext

    from riskml.ledger.migrations.versions import v0002_review

    with Ledger.open(url) as old, old.writing() as connection:
        with Operations.context(MigrationContext.configure(connection)):
            v0002_review.downgrade()
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
    with Ledger.open(url) as ledger:
        Accounts(ledger).create_user("lan", PASSWORD, "analyst")
