"""What must be withstood (DESIGN 13): hostile, broken and oversized input on a real server.

Whatever is refused leaves no row behind: each test counts scores and events before and after.
"""

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.integration.test_service_contract import assert_error
from tests.support.load import wait_for
from tests.support.service_world import items_of

pytestmark = pytest.mark.integration

ROUTES = ("/v1/score", "/v1/events", "/v1/outcomes")


@pytest.fixture
def item(service) -> dict:
    return items_of(service.world.rollup("pre_arrival"), [7])[0]


@pytest.fixture
def nothing_written(service) -> Iterator[None]:
    def counts() -> tuple[int, int]:
        with service.ledger() as ledger:
            return ledger.count_scores(), ledger.watermark()

    before = counts()
    yield
    assert counts() == before


def post(service, path: str, content: bytes, **headers: str) -> httpx.Response:
    headers.setdefault("Content-Type", "application/json")
    with service.client(**headers) as client:
        return client.post(path, content=content)


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize(
    ("content", "status"),
    [
        pytest.param(b"", 400, id="nothing"),
        pytest.param(b"\x00\xff\xfe", 400, id="no text"),
        pytest.param(b'{"consignments": [', 400, id="cut off"),
        pytest.param(b"[" * 1_000_000, 400, id="a million arrays deep"),
        pytest.param(b'{"a":' * 200_000 + b"1" + b"}" * 200_000, 400, id="objects deep"),
        pytest.param(b'"\xed\xa0\x80"', 400, id="a surrogate in UTF-8"),
        pytest.param('{"consignments": []}'.encode("utf-16"), 400, id="UTF-16"),
        pytest.param(b"1" * 5000, 400, id="a number of 5,000 digits"),
        pytest.param(b'{"consignments": {}, "manifests": {}, "inspections": {}}', 400, id="types"),
        pytest.param(b" " * 20_000_000, 413, id="20 MB"),
    ],
)
@pytest.mark.usefixtures("nothing_written")
def test_a_broken_body_is_refused(service, path: str, content: bytes, status: int) -> None:
    answer = post(service, path, content)
    assert answer.status_code == status, answer.text
    assert set(answer.json()["error"]) == {"code", "message", "field", "remedy"}


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.usefixtures("nothing_written")
def test_a_gzip_bomb_is_not_unpacked(service, path: str) -> None:
    bomb = gzip.compress(b"[" + b" " * 50_000_000 + b"]")
    answer = post(service, path, bomb, **{"Content-Encoding": "gzip"})
    assert_error(answer, "unsupported_media_type")


@pytest.mark.usefixtures("nothing_written")
def test_1001_items_are_too_many(service, item: dict) -> None:
    body = json.dumps({"consignments": [item] * 1001}).encode()
    assert_error(post(service, "/v1/score", body), "too_many_items")


HOSTILE = [
    ({"gross_mass_kg": 1e308}, "manifest.gross_mass_kg"),
    ({"gross_mass_kg": -1}, "manifest.gross_mass_kg"),
    ({"gross_mass_kg": "12"}, "manifest.gross_mass_kg"),
    ({"gross_mass_kg": True}, "manifest.gross_mass_kg"),
    ({"packages": 10**400}, "manifest.packages"),
    ({"submitted_at": "2024-02-30T00:00:00Z"}, "manifest.submitted_at"),
    ({"submitted_at": "2024-02-03T00:00:00"}, "manifest.submitted_at"),
    ({"submitted_at": "0001-01-01T00:00:00+14:00"}, "manifest.submitted_at"),
    ({"submitted_at": "9999-12-31T23:59:59-14:00"}, "manifest.submitted_at"),
    ({"submitted_at": 1700000000}, "manifest.submitted_at"),
    ({"goods_description": "x" * 100_000}, "manifest.goods_description"),
    ({"goods_description": ["a"]}, "manifest.goods_description"),
    ({"consignee_id": "a\u0000b"}, "manifest.consignee_id"),
    ({"consigne_id": "P1"}, "manifest.consigne_id"),
    ({"mode": "submarine"}, "manifest.mode"),
    ({"office": ""}, "manifest.office"),
    ({"x_" + "a" * 300: 1}, None),
]


@pytest.mark.usefixtures("nothing_written")
def test_each_bad_item_stands_alone_and_names_its_field(service, item: dict) -> None:
    bad = [{**item, "manifest": {**item["manifest"], **change}} for change, _ in HOSTILE]
    future = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    bad += [{**item, "decision_time": future}, "text", None, [], {}, {"stage": "later"}]
    answer = post(service, "/v1/score", json.dumps({"consignments": bad}).encode())
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert len(results) == len(bad)
    for (change, field), result in zip(HOSTILE, results, strict=False):
        assert set(result) == {"error"}, change
        if field is not None:
            assert result["error"]["field"] == field, change
        assert result["error"]["remedy"], change
    unknown = results[[change for change, _ in HOSTILE].index({"consigne_id": "P1"})]
    assert "consignee_id" in unknown["error"]["remedy"]
    assert results[len(HOSTILE)]["error"]["code"] == "future_decision_time"
    assert all(set(result) == {"error"} for result in results)


def test_a_good_item_among_bad_ones_is_scored(service, item: dict) -> None:
    bad = {**item, "manifest": {**item["manifest"], "mode": "submarine"}}
    (alone,) = service.score([item])
    results = service.score([bad, item, bad])
    assert [set(result) == {"error"} for result in results] == [True, False, True]
    assert results[1]["raw_score"] == alone["raw_score"]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "=HYPERLINK(1)",
        "'; DROP TABLE scores; --",
        "\u202eevil",
        "ấ" * 200,
        "{{7*7}}",
        "%s%n%(name)s",
    ],
)
def test_texts_that_mean_harm_are_only_texts(service, item: dict, text: str) -> None:
    named = {**item, "manifest": {**item["manifest"], "goods_description": text}}
    (result,) = service.score([named])
    assert "score_id" in result, result
    with service.client("auditor") as client:
        full = client.get(f"/v1/scores/{result['score_id']}")
    assert full.status_code == 200
    assert full.headers["Content-Type"] == "application/json"
    with service.ledger() as ledger:
        assert ledger.score(result["score_id"]).request["manifest"]["goods_description"]


@pytest.mark.usefixtures("nothing_written")
def test_bad_events_are_refused_one_by_one(service, item: dict) -> None:
    row = {**item["manifest"], "bill_no": "HOSTILE"}
    future = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    bad = [{**row, **change} for change, _ in HOSTILE if change != {"office": ""}]
    bad += [{**row, "submitted_at": future}, "text", None]
    answer = post(service, "/v1/events", json.dumps({"manifests": bad}).encode())
    assert answer.status_code == 200, answer.text
    results = answer.json()["results"]
    assert len(results) == len(bad)
    assert all("error" in result for result in results), results


def test_a_revoked_key_opens_nothing(service) -> None:
    with service.ledger() as ledger:
        key_id, secret = ledger.create_key("engine")
    headers = {"Authorization": f"Bearer {secret}"}

    def status() -> int:
        return httpx.get(service.server.url + "/v1/model", headers=headers).status_code

    assert status() == 200
    with service.ledger() as ledger:
        ledger.revoke_key(key_id)
    wait_for(lambda: status() == 401, "the key is known to be revoked")


@pytest.mark.parametrize("header", ["x" * 70_000, "a\x01b"])
def test_odd_headers_end_in_an_answer(service, header: str) -> None:
    with httpx.Client(base_url=service.server.url) as client:
        try:
            answer = client.get("/v1/model", headers={"Authorization": f"Bearer {header}"})
        except (httpx.HTTPError, ValueError):
            return  # the connection is closed on it, or it cannot even be sent
        assert answer.status_code in (400, 401, 431)
    assert httpx.get(service.server.url + "/livez").status_code == 200
