import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from starlette.routing import Route

from riskml.schemas import TABLES
from serving.app import build_app
from serving.auth import ACCESS
from serving.errors import ERROR_CODES
from serving.normal import EARLIEST, LATEST
from serving.openapi import build_document, document_bytes
from serving.openapi.schemas import YEARS
from serving.payloads import MAX_EVENTS, MAX_ITEMS
from serving.settings import ServiceSettings
from serving.worker import Worker
from tests.support.openapi import closed, validator

ROOT = Path(__file__).parents[3]
DOCUMENT = closed(build_document(ServiceSettings()))
SCHEMAS = DOCUMENT["components"]["schemas"]
OPERATIONS = [
    (path, method, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]
IDS = [operation["operationId"] for _, _, operation in OPERATIONS]


def bodies(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "requestBody" in operation:
        yield from operation["requestBody"]["content"].values()
    for answer in operation["responses"].values():
        yield from answer["content"].values()


def codes_of(schema: dict[str, Any]) -> set[str]:
    return set(schema["properties"]["error"]["properties"]["code"]["enum"])


def test_the_document_and_the_application_have_the_same_routes() -> None:
    app = build_app(Worker(ServiceSettings()))
    served = {
        (route.path, method.lower())
        for route in app.routes
        if isinstance(route, Route) and not route.path.startswith("/review")
        for method in route.methods or ()
        if method != "HEAD"  # comes with every GET
    }
    assert {(path, method) for path, method, _ in OPERATIONS} == served


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS, ids=IDS)
def test_every_operation_is_described(path: str, method: str, operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert len(operation["description"]) > 20
    for body in bodies(operation):
        assert body["schema"]
        assert body["examples"]
    for parameter in operation["parameters"]:
        name = parameter["$ref"].rpartition("/")[2]
        assert DOCUMENT["components"]["parameters"][name]["description"]
    named = set(re.findall(r"{(\w+)}", path))
    assert named <= {parameter["$ref"].rpartition("/")[2] for parameter in operation["parameters"]}
    if operation["operationId"] in ACCESS:
        for role in ACCESS[operation["operationId"]]:
            assert role in operation["description"]
        assert {"key": []} in operation["security"]
    else:
        assert operation["security"] == []


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS, ids=IDS)
def test_every_example_satisfies_its_schema(
    path: str, method: str, operation: dict[str, Any]
) -> None:
    for body in bodies(operation):
        check = validator(DOCUMENT, body["schema"])
        for example in body["examples"].values():
            assert [error.message for error in check.iter_errors(example["value"])] == []


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS, ids=IDS)
def test_errors_have_the_status_of_their_codes_and_its_headers(
    path: str, method: str, operation: dict[str, Any]
) -> None:
    headers = {"401": "WWW-Authenticate", "405": "Allow", "503": "Retry-After"}
    for status, answer in operation["responses"].items():
        assert "X-Request-ID" in answer["headers"]
        assert headers.get(status, "X-Request-ID") in answer["headers"]
        if status == "200":
            continue
        codes = codes_of(answer["content"]["application/json"]["schema"])
        assert codes
        assert {str(ERROR_CODES[code]) for code in codes} == {status}


def test_every_error_code_is_described_where_it_can_happen() -> None:
    described = set()
    for _, _, operation in OPERATIONS:
        for status, answer in operation["responses"].items():
            if status != "200":
                described |= codes_of(answer["content"]["application/json"]["schema"])
    for name in ("ItemRefused", "RowRefused"):
        described |= set(SCHEMAS[name]["properties"]["error"]["properties"]["code"]["enum"])
    assert described == set(ERROR_CODES) == set(SCHEMAS["ErrorCode"]["enum"])


def test_every_code_that_is_raised_is_known_and_every_known_one_is_raised() -> None:
    sources = "\n".join(path.read_text() for path in (ROOT / "serving").glob("*.py"))
    assert set(re.findall(r'ApiError\(\s*"(\w+)"', sources)) == set(ERROR_CODES)


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_every_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])


def test_every_reference_leads_somewhere() -> None:
    text = document_bytes(ServiceSettings()).decode()
    for kind, name in set(re.findall(r'"#/components/(\w+)/([^"]+)"', text)):
        assert name in DOCUMENT["components"][kind], (kind, name)
    for name in SCHEMAS:
        assert f'"#/components/schemas/{name}"' in text, f"{name} is used nowhere"


@pytest.mark.parametrize(
    ("table", "name"),
    [("manifests", "Manifest"), ("declarations", "Declaration"), ("inspections", "Inspection")],
)
def test_every_column_is_described_in_its_order(table: str, name: str) -> None:
    properties = SCHEMAS[name]["properties"]
    columns = TABLES[table].columns
    assert list(properties) == [*(c.name for c in columns), *TABLES[table].companions]
    for column in columns:
        assert column.meaning in properties[column.name]["description"]


MANIFEST = {"bill_no": "B", "container_no": "C", "submitted_at": "2024-05-02T08:30:00Z",
            "office": "O", "mode": "sea"}  # fmt: skip
INSPECTION = {"inspection_id": "I", "bill_no": "B", "office": "O",
              "selected_at": "2024-05-02T08:30:00Z"}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "row", "changes", "right"),
    [
        ("Manifest", MANIFEST, {}, True),
        ("Manifest", MANIFEST, {"x_own": "a"}, True),
        ("Manifest", MANIFEST, {"own": "a"}, False),
        ("Manifest", MANIFEST, {"x_own": [1]}, False),
        ("Manifest", MANIFEST, {"office": "\u3000"}, False),
        ("Manifest", MANIFEST, {"container_no": None}, False),
        ("Manifest", MANIFEST, {"container_no": None, "container_no_raw": "C"}, True),
        ("Manifest", MANIFEST, {"container_no": None, "invalid_container_no": True}, True),
        ("Manifest", MANIFEST, {"submitted_at": "1979-05-02T08:30:00Z"}, False),
        ("Manifest", MANIFEST, {"revision": 1.0}, True),
        ("Manifest", MANIFEST, {"revision": 1.5}, False),
        ("Inspection", INSPECTION, {}, True),
        ("Inspection", INSPECTION, {"bill_no": None}, False),
        ("Inspection", INSPECTION, {"bill_no": None, "declaration_id": "D"}, True),
        ("Inspection", INSPECTION, {"result": "violation"}, False),
        ("Inspection", INSPECTION, {"result": "violation", "closed_at": "2024-05-03T00:00:00Z"},
         True),
        ("Inspection", INSPECTION, {"propensity": 0}, False),
    ],
)  # fmt: skip
def test_the_rules_of_a_row_are_in_its_schema(
    name: str, row: dict[str, Any], changes: dict[str, Any], right: bool
) -> None:
    check = validator(DOCUMENT, {"$ref": f"#/components/schemas/{name}"})
    assert check.is_valid({**row, **changes}) is right


def test_the_years_are_those_of_the_normal_form() -> None:
    for year in range(1900, 2200):
        assert bool(re.match(YEARS, f"{year}-")) is (EARLIEST.year <= year < LATEST.year)


def test_the_limits_are_those_of_the_service() -> None:
    about = build_document(ServiceSettings(max_body_bytes=4321))["info"]["description"]
    assert "4,321 bytes" in about
    assert SCHEMAS["ScoreRequest"]["properties"]["consignments"]["maxItems"] == MAX_ITEMS
    assert SCHEMAS["EventsRequest"]["properties"]["manifests"]["maxItems"] == MAX_EVENTS


@pytest.mark.slow
def test_the_document_is_printed_byte_for_byte_the_same() -> None:
    expected = document_bytes(ServiceSettings())
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-m", "serving.openapi"],
            env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True, cwd=ROOT,
        )  # fmt: skip
        assert done.stdout == expected + b"\n"
