import time

import pytest

from riskml.ledger import ROLES, Principal
from serving import auth
from serving.auth import ACCESS, Authenticator, allow, check_office, is_loopback, read_bearer
from serving.errors import ApiError


class Keys:
    def __init__(self) -> None:
        self.asked = 0
        self.valid = True

    def authenticate(self, secret: str) -> Principal | None:
        self.asked += 1
        return Principal("k", "engine", None) if self.valid and secret == "good" else None


def test_a_secret_is_looked_up_once_and_forgotten_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = Keys()
    authenticator = Authenticator(keys)
    assert authenticator.recall("good") == (False, None)
    assert authenticator.look_up("good") == Principal("k", "engine", None)
    assert authenticator.recall("good") == (True, Principal("k", "engine", None))
    assert authenticator.recall("other") == (False, None)
    keys.valid = False
    later = time.monotonic() + auth.TTL + 0.1
    monkeypatch.setattr(auth.time, "monotonic", lambda: later)
    assert authenticator.recall("good") == (False, None)
    assert authenticator.look_up("good") is None


def test_memory_for_secrets_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "MOST_REMEMBERED", 10)
    authenticator = Authenticator(Keys())
    for number in range(100):
        authenticator.look_up(f"guess {number}")
    assert len(authenticator._known) <= 10


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Basic abc", "bearer", "Bearer " + "x" * 201]
)
def test_a_header_without_a_secret_is_unauthorized(header: str | None) -> None:
    with pytest.raises(ApiError) as caught:
        read_bearer(header)
    assert caught.value.status == 401


def test_the_scheme_may_be_written_in_any_case() -> None:
    assert read_bearer("bearer abc") == "abc"
    assert read_bearer("Bearer  abc ") == "abc"


def test_every_route_names_existing_roles_only() -> None:
    for roles in ACCESS.values():
        assert roles <= set(ROLES)
    assert ACCESS["score"] == {"engine"}
    with pytest.raises(ApiError) as caught:
        allow(Principal("k", "auditor", None), "score")
    assert caught.value.code == "forbidden"
    assert "engine" in caught.value.remedy


def test_an_office_scope_binds() -> None:
    check_office(Principal("k", "engine", None), "HP", "office")
    check_office(Principal("k", "engine", "HP"), "HP", "office")
    for office in ("SG", None):
        with pytest.raises(ApiError):
            check_office(Principal("k", "engine", "HP"), office, "office")


@pytest.mark.parametrize(
    ("client", "headers", "expected"),
    [
        (("127.0.0.1", 1), {}, True),
        (("127.8.9.1", 1), {}, True),
        (("::1", 1), {}, True),
        (("10.0.0.1", 1), {}, False),
        (("127.0.0.1", 1), {"x-forwarded-for": "10.0.0.1"}, False),
        (("127.0.0.1", 1), {"forwarded": "for=10.0.0.1"}, False),
        (("testclient", 1), {}, False),
        (None, {}, False),
    ],
)
def test_only_this_machine_is_loopback(client: object, headers: dict, expected: bool) -> None:
    assert is_loopback({"client": client}, headers) is expected
