"""The review pages over HTTP: each role on each page, hostile forms, failing parts."""

import base64
import hashlib
import re

import httpx
import pytest

from riskml.ledger import Accounts
from serving.review.pages import PAGES

pytestmark = pytest.mark.integration

PASSWORD = "correct horse battery"
ROLES = ("analyst", "supervisor", "auditor", "operator", "admin")
ID = "01a20b72-b26d-7318-b9e2-801f870c7ee2"


@pytest.fixture(scope="module")
def people(service) -> dict[str, httpx.Client]:
    """Return a client of each role, logged in, and one of nobody."""
    with service.ledger() as ledger:
        accounts = Accounts(ledger)
        for role in ROLES:
            accounts.create_user(f"page-{role}", PASSWORD, role, language="en")
        accounts.create_user("page-local", PASSWORD, "analyst", office="VN0", language="en")
    clients = {"nobody": httpx.Client(base_url=service.server.url, timeout=60)}
    for name in (*ROLES, "local"):
        client = httpx.Client(
            base_url=service.server.url, timeout=60, headers={"Accept-Language": "en"}
        )
        answer = client.post("/review/login", data={"name": f"page-{name}", "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        clients[name] = client
    yield clients
    for client in clients.values():
        client.close()


def csrf(client: httpx.Client) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', client.get("/review/model").text)
    assert found is not None
    return found[1]


@pytest.fixture(scope="module")
def scored(service) -> dict[str, str]:
    from tests.support.service_world import items_of

    rollup = service.world.rollup("declaration")
    results = service.score(items_of(rollup, range(12)))
    offices = dict(zip(rollup.consignments["office"].iloc[:12], results, strict=True))
    return {str(office): result["score_id"] for office, result in offices.items()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.method} {page.path}")
def test_each_role_on_each_page(people, page) -> None:
    path = page.path.format(score_id=ID, case_id=ID, action="approve", stage="declaration")
    for role in ("nobody", *ROLES):
        client = people[role]
        if page.name in ("log_in", "log_out", "language"):
            continue
        if page.method == "GET":
            answer = client.get(path)
        else:
            token = "" if role == "nobody" else csrf(client)
            answer = client.post(path, data={"csrf": token, "why": "because"})
        if page.roles is None:
            assert answer.status_code in (200, 303)
        elif role == "nobody":
            assert answer.status_code == 303
            assert answer.headers["location"].startswith("/review/login")
        elif role in page.roles:
            assert answer.status_code != 403, (role, path)
            assert answer.status_code < 500
        else:
            assert answer.status_code == 403, (role, path)


def test_the_card_of_a_serving_model_carries_its_style_and_no_other(people) -> None:
    answer = people["auditor"].get("/review/model/pre_arrival")
    assert answer.status_code == 200
    assert "Model report" in answer.text
    style = re.search(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}';" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert people["auditor"].get("/review/model/nothing").status_code == 404


def test_forms_without_their_secret_change_nothing(people, service, scored) -> None:
    score = next(iter(scored.values()))
    for token in ("", "wrong", csrf(people["supervisor"])):
        answer = people["analyst"].post(
            f"/review/scores/{score}/propose", data={"csrf": token, "why": "because"}
        )
        assert answer.status_code == 403
        assert "The form has expired" in answer.text
    headers = {"Origin": "https://evil.example"}
    answer = people["analyst"].post(
        f"/review/scores/{score}/propose",
        data={"csrf": csrf(people["analyst"]), "why": "because"}, headers=headers,
    )  # fmt: skip
    assert answer.status_code == 403
    assert "no case" in people["analyst"].get(f"/review/scores/{score}").text


def test_another_offices_consignment_is_not_there(people, scored) -> None:
    local = people["local"]
    assert local.get(f"/review/scores/{scored['VN0']}").status_code == 200
    for office in ("VN1", "VN2"):
        answer = local.get(f"/review/scores/{scored[office]}")
        assert answer.status_code == 404
        form = {"csrf": csrf(local), "why": "because"}
        answer = local.post(f"/review/scores/{scored[office]}/propose", data=form)
        assert answer.status_code == 404
        assert local.get(f"/review/office?office={office}").status_code == 403
    listed = local.get("/review/queue?day=all").text
    assert "VN0" in listed
    assert "VN1" not in listed


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/review/scores/nothing", 404),
        (f"/review/scores/{ID}", 404),
        ("/review/scores/%3Cscript%3Ealert(1)%3C%2Fscript%3E", 404),
        (f"/review/cases/{ID}", 404),
        ("/review/nowhere/at/all", 404),
        ("/review/static/../pages.py", 404),
        ("/review/static/%2e%2e%2fpages.py", 404),
        ("/review/queue?text=" + "x" * 10_000, 400),
        ("/review/queue?page=abc", 400),
        ("/review/queue?page=-1", 400),
        ("/review/queue?page=999999999999", 400),
        ("/review/queue?page=9999", 200),
        ("/review/queue?day=yesterday", 400),
        ("/review/queue?state=burning", 400),
        ("/review/queue?mode=%00", 400),
        ("/review/queue?sort=name", 200),
        ("/review/queue?text=%27%3B+DROP+TABLE+scores%3B--", 200),
        ("/review/queue?text=%F0%9F%9A%A2", 200),
        ("/review/office?day=2026-99-99", 400),
        ("/review/queue?" + "&".join(f"a{n}=1" for n in range(200)), 400),
    ],
)
def test_bad_addresses_get_a_helpful_page(people, path: str, status: int) -> None:
    answer = people["analyst"].get(path)
    assert answer.status_code == status
    assert "Traceback" not in answer.text
    assert "<script>alert" not in answer.text
    if status != 200 and "static" not in path:
        assert "To the first page" in answer.text


def test_bad_forms_get_a_helpful_page(people, scored) -> None:
    client = people["analyst"]
    target = f"/review/scores/{scored['VN0']}/propose"
    assert client.post(target, data={"csrf": csrf(client), "why": "x" * 70_000}).status_code == 413
    assert client.post(target, json={"csrf": csrf(client)}).status_code == 400
    answer = client.post(target, data={"csrf": csrf(client), "why": ""})
    assert answer.status_code == 422
    assert "Please correct “Why”" in answer.text
    answer = client.post(target, data={"csrf": csrf(client), "why": "x", "level": "galactic"})
    assert answer.status_code == 422
    answer = client.post(f"/review/cases/{ID}/scan", data={"csrf": csrf(client), "why": "x"})
    assert answer.status_code == 404


def test_pages_carry_strict_headers(people) -> None:
    for client, path in ((people["nobody"], "/review/login"), (people["analyst"], "/review/queue")):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-frame-options"] == "DENY"
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"


def test_the_cookie_is_kept_from_scripts_and_other_sites(service) -> None:
    form = {"name": "page-analyst", "password": PASSWORD}
    answer = httpx.post(f"{service.server.url}/review/login", data=form)
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/review" in cookie


def test_too_many_wrong_passwords_are_throttled(service, people) -> None:
    with service.ledger() as ledger:
        Accounts(ledger).create_user("page-target", PASSWORD, "analyst")
    form = {"name": "page-target", "password": "wrong"}
    url = f"{service.server.url}/review/login"
    statuses = [httpx.post(url, data=form).status_code for _ in range(6)]
    assert statuses == [401] * 5 + [429]
    answer = httpx.post(url, data={**form, "password": PASSWORD})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0


def test_log_out_ends_the_session_everywhere(service) -> None:
    with service.ledger() as ledger:
        Accounts(ledger).create_user("page-leaver", PASSWORD, "analyst", language="en")
    with httpx.Client(base_url=service.server.url) as client:
        client.post("/review/login", data={"name": "page-leaver", "password": PASSWORD})
        stolen = dict(client.cookies)
        assert client.post("/review/logout", data={"csrf": csrf(client)}).status_code == 303
    answer = httpx.get(f"{service.server.url}/review/queue", cookies=stolen)
    assert answer.status_code == 303


def test_no_log_line_holds_a_password_or_a_name(service, people) -> None:
    log = service.server.log.read_text(encoding="utf-8", errors="replace")
    assert PASSWORD not in log
    assert "Công ty" not in log
