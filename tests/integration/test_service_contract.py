"""The real server: who may do what, what is refused and how, metrics, life signs."""

import json
import socket
import subprocess
import sys
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.service_world import as_sent, items_of

pytestmark = pytest.mark.integration

MAY = {
    ("POST", "/v1/score"): {"engine"},
    ("POST", "/v1/events"): {"engine"},
    ("POST", "/v1/outcomes"): {"engine", "office"},
    ("GET", "/v1/scores/01a209e1-e9dc-7b89-ad5d-1b3d90812ff3"): {"engine", "analyst", "auditor"},
    ("GET", "/v1/model"): {
        "engine", "office", "analyst", "supervisor", "auditor", "operator", "admin",
    },
    ("GET", "/v1/openapi.json"): {
        "engine", "office", "analyst", "supervisor", "auditor", "operator", "admin",
    },
}  # fmt: skip
ROLES = ("engine", "office", "analyst", "supervisor", "auditor", "operator", "admin")


@pytest.mark.parametrize(("method", "path"), list(MAY))
def test_each_role_reaches_what_it_may_and_nothing_else(service, method: str, path: str) -> None:
    for role in ROLES:
        with service.client(role) as client:
            answer = client.request(method, path, content=b"{}" if method == "POST" else None)
        if role in MAY[method, path]:
            assert answer.status_code in (200, 400, 404), (role, answer.text)
        else:
            assert answer.status_code == 403, (role, answer.text)
            assert_error(answer, "forbidden")
    for header in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic a"},
                   {"Authorization": "Bearer rk_x_" + "y" * 500}):  # fmt: skip
        answer = httpx.request(method, service.server.url + path, headers=header)
        assert answer.status_code == 401
        assert_error(answer, "unauthorized")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def assert_error(answer: httpx.Response, code: str) -> dict:
    body = answer.json()
    assert list(body) == ["error"]
    assert set(body["error"]) == {"code", "message", "field", "remedy"}
    assert body["error"]["code"] == code, body
    assert answer.headers["X-Request-ID"]
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    return body["error"]


def test_nothing_but_life_signs_is_open(service) -> None:
    url = service.server.url
    for path in ("/livez", "/readyz"):
        answer = httpx.get(url + path, headers={"X-Request-ID": "mine"})
        assert (answer.status_code, answer.headers["X-Request-ID"]) == (200, "mine")
    for path in ("/", "/docs.json", "/schema.json", "/healthz", "/static_content/x",
                 "/v1", "/v2/score", "/v1/score/"):  # fmt: skip
        answer = httpx.get(url + path, follow_redirects=False)
        assert answer.status_code in (404, 307), path
        if answer.status_code == 404:
            assert_error(answer, "not_found")
    for method, path, allowed in (("DELETE", "/v1/score", "POST"), ("POST", "/livez", "GET")):
        answer = httpx.request(method, url + path)
        assert_error(answer, "method_not_allowed")
        assert allowed in answer.headers["Allow"].split(", ")


def test_metrics_are_for_loopback_and_operators(service) -> None:
    rollup = service.world.rollup("pre_arrival")
    service.score(items_of(rollup, [1]))
    text = httpx.get(service.server.url + "/metrics").text
    for name in ("riskml_requests_total", "riskml_request_seconds_bucket", "riskml_items_total",
                 "riskml_ledger_commit_seconds_count", "riskml_model_info",
                 "riskml_history_watermark", "riskml_probability_bucket",
                 "riskml_phase_seconds_bucket", "riskml_memory_bytes"):  # fmt: skip
        assert name in text, name
    digest = service.world.bundles["declaration"].manifest.model_digest
    assert digest in text
    proxied = {"X-Forwarded-For": "203.0.113.5"}
    answer = httpx.get(service.server.url + "/metrics", headers=proxied)
    assert_error(answer, "unauthorized")
    with service.client("operator", **proxied) as client:
        assert client.get("/metrics").status_code == 200


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        (b"{", {}, 400, "malformed_json"),
        (b'{"consignments": [{"stage": NaN}]}', {}, 400, "malformed_json"),
        (b"\xff\xfe", {}, 400, "malformed_json"),
        (b"[" * 100_000, {}, 400, "invalid_value"),
        (b'{"consignments": [{"stage": ' + b"[" * 100_000, {}, 400, "malformed_json"),
        (b'{"consignments": []}', {}, 400, "invalid_request"),
        (b'{"consignment": []}', {}, 400, "unknown_field"),
        (b"x" * 9_000_000, {}, 413, "body_too_large"),
        (b"{}", {"Content-Type": "text/plain"}, 415, "unsupported_media_type"),
        (b"{}", {"Content-Encoding": "gzip"}, 415, "unsupported_media_type"),
        (b"{}", {"Idempotency-Key": "x" * 201}, 400, "invalid_request"),
    ],
)
def test_a_bad_request_is_refused_clearly(
    service, content: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    with service.ledger() as ledger:
        before = ledger.count_scores()
    headers = {"Content-Type": "application/json", **headers}
    with service.client(**headers) as client:
        answer = client.post("/v1/score", content=content)
    assert answer.status_code == status
    assert_error(answer, code)
    with service.ledger() as ledger:
        assert ledger.count_scores() == before


def test_a_body_without_length_is_bounded_too(service) -> None:
    def endless():
        for _ in range(200):
            yield b"x" * 100_000

    with service.client() as client:
        answer = client.post(
            "/v1/score", content=endless(), headers={"Content-Type": "application/json"}
        )
    assert answer.status_code == 413


def test_an_office_scope_is_enforced(service) -> None:
    rollup = service.world.rollup("pre_arrival")
    offices = rollup.consignments["office"].to_numpy()
    own, other = [int((offices == o).argmax()) for o in ("VN0", "VN1")]
    with service.client("engine-VN0") as client:
        body = {"consignments": items_of(rollup, [own, other])}
        results = client.post("/v1/score", json=body).json()["results"]
        assert "score_id" in results[0]
        assert results[1]["error"]["code"] == "other_office"
        sent = {"manifests": [{**body["consignments"][1]["manifest"], "revision": 9}]}
        (refused,) = client.post("/v1/events", json=sent).json()["results"]
        assert refused["error"]["code"] == "other_office"
    foreign = service.score(items_of(rollup, [other]))[0]["score_id"]
    with service.client("analyst-VN0") as client:
        assert client.get(f"/v1/scores/{results[0]['score_id']}").status_code == 200
        assert_error(client.get(f"/v1/scores/{foreign}"), "not_found")


def test_unknown_scores_are_not_found(service) -> None:
    with service.client("auditor") as client:
        for name in ("nothing", "01a209e1-e9dc-7b89-ad5d-1b3d90812ff3", "%00", "a" * 3000):
            assert_error(client.get(f"/v1/scores/{name}"), "not_found")


def test_idempotency_keys_give_the_same_answer_and_one_row(service) -> None:
    body = {"consignments": items_of(service.world.rollup("pre_arrival"), [8, 9])}
    with service.ledger() as ledger, service.client(**{"Idempotency-Key": "once"}) as client:
        before = ledger.count_scores()
        first = client.post("/v1/score", json=body)
        again = client.post("/v1/score", json=body)
        assert first.content == again.content
        assert again.headers["Idempotent-Replay"] == "true"
        assert ledger.count_scores() == before + 2
        other = client.post("/v1/score", json={"consignments": body["consignments"][:1]})
        assert other.status_code == 409
        assert_error(other, "idempotency_conflict")
        assert ledger.count_scores() == before + 2


def test_events_answer_row_by_row(service) -> None:
    known = as_sent("manifests", service.world.tables.manifests.iloc[-1].to_dict())
    # After the world's last decision: other tests compare this service's history with the world's.
    after = {"submitted_at": "2023-06-01T00:00:00Z", "recorded_at": "2023-06-01T00:00:00Z"}
    fresh = {**known, **after, "bill_no": "BLNEW"}
    rows = [
        fresh,
        fresh,
        {**fresh, "gross_mass_kg": 1.0},
        {**fresh, "gross_mass_kg": 1.0, "revision": 1},
        {**fresh, "offfice": "x"},
        {**fresh, "bill_no": "B2", "submitted_at": "2999-01-01T00:00:00Z"},
    ]
    with service.client() as client:
        results = client.post("/v1/events", json={"manifests": rows}).json()["results"]
    assert [r.get("status") for r in results] == ["new", "duplicate", None, "new", None, None]
    codes = [r["error"]["code"] for r in results if "error" in r]
    assert codes == ["event_conflict", "unknown_field", "invalid_value"]
    with service.client() as client:
        tomorrow = {**fresh, "bill_no": "B3", "submitted_at": "2099-01-01T00:00:00Z"}
        (late,) = client.post("/v1/events", json={"manifests": [tomorrow]}).json()["results"]
    assert late["error"]["code"] == "future_event_time"


def test_logs_are_json_and_hold_no_content(service) -> None:
    item = items_of(service.world.rollup("pre_arrival"), [4])[0]
    item["manifest"]["consignee_name"] = "Nguyễn Thị Bí Mật"
    item["manifest"]["mode"] = "SECRETMODE"
    service.score([item], **{"X-Request-ID": "find-me.42"})
    lines = service.server.log.read_text().splitlines()
    ours = [json.loads(line) for line in lines if line.startswith("{")]
    (mine,) = [line for line in ours if line.get("request_id") == "find-me.42"]
    assert mine["route"] == "score"
    assert mine["status"] == 200
    assert mine["items"] == 1
    whole = "\n".join(lines)
    assert "Bí Mật" not in whole
    assert "SECRETMODE" not in whole
    assert service.keys["engine"] not in whole


def test_a_worker_loads_no_library_that_it_does_not_need() -> None:
    names = "mlflow optuna shap matplotlib lightgbm sklearn scipy pandera"
    code = (
        "import sys, serving.service; serving.service._load_numba(); "
        "import serving.app, riskml.bundle, riskml.scoring; "
        f"print([m for m in {names.split()} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_slow_client_does_not_keep_others_waiting(service) -> None:
    parts = urlsplit(service.server.url)
    with socket.create_connection((parts.hostname, parts.port)) as slow:
        slow.sendall(b"POST /v1/score HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{")
        assert service.score(items_of(service.world.rollup("pre_arrival"), [3]))
