"""The real server against its OpenAPI document: examples, live answers, and schemathesis."""

import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from serving.harness import running_server
from serving.openapi.examples import REQUEST_EXAMPLES
from tests.integration.conftest import ROLES, Service, make_keys, save_champions
from tests.support.openapi import closed, problems
from tests.support.service_world import ServiceWorld, items_of

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
CONFIG = Path(__file__).with_name("schemathesis.toml")
SHORT = """
# Its rows are those that /v1/score takes inline, and here each has to reach history first.
[[operations]]
include-operation-id = "events"
phases.coverage.enabled = false
"""
"""What the short run leaves out."""


@pytest.fixture(scope="module")
def service(
    tmp_path_factory: pytest.TempPathFactory, service_world: ServiceWorld
) -> Iterator[Service]:
    """Run a server of its own: what schemathesis sends would be history to the other tests."""
    home = tmp_path_factory.mktemp("described")
    save_champions(home, service_world, *service_world.bundles)
    keys = make_keys(home)
    with running_server(home) as server:
        yield Service(server, home, service_world, keys)


@pytest.fixture(scope="module")
def document(service: Service) -> dict[str, Any]:
    """Fetch the document that the service answers, closed."""
    with service.client() as client:
        return closed(client.get("/v1/openapi.json").json())


def conform(document: dict[str, Any], path: str, answer: httpx.Response) -> dict[str, Any]:
    """Check an answer against the document and return its content."""
    operation = document["paths"][path][answer.request.method.lower()]
    assert problems(document, operation, answer) == []
    content: dict[str, Any] = answer.json()
    return content


def test_every_role_reads_the_document_that_is_printed(service: Service) -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "serving.openapi"], capture_output=True, check=True, cwd=ROOT
    )
    for role in ROLES:
        with service.client(role) as client:
            answer = client.get("/v1/openapi.json")
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.content + b"\n" == printed.stdout


def test_the_examples_are_accepted(service: Service, document: dict[str, Any]) -> None:
    # Events come first: one example of a score asks for them by their keys.
    for route in ("events", "score", "outcomes"):
        for example in REQUEST_EXAMPLES[route].values():
            with service.client() as client:
                answer = client.post(f"/v1/{route}", json=example["value"])
            assert answer.status_code == 200, answer.text
            results = conform(document, f"/v1/{route}", answer)["results"]
            assert not [result for result in results if "error" in result]


def test_answers_are_as_described(service: Service, document: dict[str, Any]) -> None:
    items = items_of(service.world.rollup("declaration"), [0, 1])
    wrong = [{"stage": "declaration"}, {"stage": "pre_arrival", "manifest": {"x": 1}}, 7]
    with service.client() as client:
        answer = client.post("/v1/score", json={"consignments": [*items, *wrong]})
        results = conform(document, "/v1/score", answer)["results"]
        assert [("error" in result) for result in results] == [False, False, True, True, True]
        score_id = results[0]["score_id"]
        explained = conform(document, "/v1/scores/{score_id}", client.get(f"/v1/scores/{score_id}"))
        assert explained["numbers"]["probability"] == results[0]["probability"]
        assert conform(document, "/v1/model", client.get("/v1/model"))["models"]
        conform(document, "/v1/openapi.json", client.get("/v1/openapi.json"))
        conform(document, "/v1/score", client.post("/v1/score", content=b"{"))
        conform(document, "/v1/scores/{score_id}", client.get("/v1/scores/none"))
        conform(document, "/v1/events", client.post("/v1/events", json={"manifests": [{}]}))
    with service.client("auditor") as client:
        conform(document, "/v1/events", client.post("/v1/events", json={"manifests": [{}]}))


@dataclass(frozen=True)
class Run:
    """What schemathesis says at its end."""

    code: int
    text: str
    report: dict[str, Any]


def run_schemathesis(
    service: Service,
    document: dict[str, Any],
    folder: Path,
    *arguments: str,
    full: bool = False,
) -> Run:
    """Run schemathesis as an engine against the server."""
    described, report = folder / "openapi.json", folder / "report.json"
    described.write_text(json.dumps(document))
    config = folder / CONFIG.name
    config.write_text(CONFIG.read_text() + ("" if full else SHORT))
    done = subprocess.run(
        [
            sys.executable, "-m", "schemathesis.cli", "--no-color", "--config-file", str(config),
            "run", str(described), "--url", service.server.url, "--report", "json",
            "--report-json-path", str(report),
            "--header", f"Authorization: Bearer {service.keys['engine']}", *arguments,
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, cwd=folder,
    )  # fmt: skip
    assert report.exists(), done.stdout[-20_000:] + done.stderr[-5_000:]
    return Run(done.returncode, done.stdout[-20_000:], json.loads(report.read_text()))


def assert_nothing_found(run: Run) -> None:
    """Check that nothing was found, and that it was looked for everywhere."""
    assert run.code == 0, run.text
    assert not run.report["failures"] + run.report["errors"], run.text
    assert run.report["operations"]["tested"] == run.report["operations"]["total"] == 9
    phases = {name: phase["status"] for name, phase in run.report["phases"].items()}
    assert set(phases.values()) == {"success"}, phases
    # Each field of each row was varied in requests that were read: none stopped at the door.
    for path, fewest in (("/v1/score", 500), ("/v1/outcomes", 200)):
        rates = run.report["valid_rates"][f"POST {path}"]["coverage"]
        assert rates["accepted"] >= fewest, (path, rates)
        assert not rates["conflicts"] + rates["rejected"] + rates["unreachable"], (path, rates)


def test_schemathesis_finds_nothing(
    service: Service, document: dict[str, Any], tmp_path: Path
) -> None:
    assert_nothing_found(run_schemathesis(service, document, tmp_path))


@pytest.mark.full
def test_schemathesis_finds_nothing_in_a_long_run(
    service: Service, document: dict[str, Any], tmp_path: Path
) -> None:
    run = run_schemathesis(service, document, tmp_path, "--max-examples", "200", full=True)
    assert_nothing_found(run)
    assert run.report["valid_rates"]["POST /v1/events"]["coverage"]["accepted"] >= 300


def _other_type(document: dict[str, Any]) -> None:
    document["components"]["schemas"]["Score"]["properties"]["degraded"] = {"type": "string"}


def _field_left_out(document: dict[str, Any]) -> None:
    schema = document["components"]["schemas"]["HistoryReached"]
    del schema["properties"]["newest"]
    schema["required"].remove("newest")


def _status_left_out(document: dict[str, Any]) -> None:
    del document["paths"]["/v1/scores/{score_id}"]["get"]["responses"]["404"]


def _header_that_is_none(document: dict[str, Any]) -> None:
    document["paths"]["/livez"]["get"]["responses"]["200"]["headers"]["X-Other"] = {
        "required": True, "schema": {"type": "string"},
    }  # fmt: skip


def _narrower_request(document: dict[str, Any]) -> None:
    schema = document["components"]["schemas"]["Manifest"]["properties"]["revision"]
    schema["anyOf"][0]["maximum"] = 5


def _wider_request(document: dict[str, Any]) -> None:
    schema = document["components"]["schemas"]["ManifestItem"]["properties"]
    schema["priority"] = {"type": "integer"}
    body = document["paths"]["/v1/score"]["post"]["requestBody"]["content"]["application/json"]
    body["examples"]["manifest"]["value"]["consignments"][0]["priority"] = 1


@pytest.mark.parametrize(
    ("spoil", "operation", "phase", "found"),
    [
        (_other_type, "score", "examples", "Response violates schema"),
        (_field_left_out, "model", "coverage", "Response violates schema"),
        (_status_left_out, "explanation", "examples", "Undocumented status code"),
        (_header_that_is_none, "livez", "coverage", "Missing required response headers"),
        (_narrower_request, "score", "coverage", "Schema-violating request accepted"),
        (_wider_request, "score", "examples", "right_data_has_the_right_form"),
    ],
)
def test_schemathesis_finds_what_is_wrong(
    service: Service,
    document: dict[str, Any],
    tmp_path: Path,
    spoil: Callable[[dict[str, Any]], None],
    operation: str,
    phase: str,
    found: str,
) -> None:
    spoilt = copy.deepcopy(document)
    spoil(spoilt)
    run = run_schemathesis(
        service, spoilt, tmp_path, "--include-operation-id", operation,
        "--phases", phase, "--max-failures", "1",
    )  # fmt: skip
    assert run.code == 1, run.text
    assert [failure for failure in run.report["failures"] if found in failure["title"]], run.text
