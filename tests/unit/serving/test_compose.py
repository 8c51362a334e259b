"""The compose file says what holds: it parses, and names only what there is."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from riskml.config import Settings
from serving.settings import ServiceSettings

COMPOSE = Path(__file__).parents[3] / "serving" / "compose.yaml"
KEYS = {
    "cap_drop", "depends_on", "environment", "healthcheck", "image", "ports", "read_only",
    "restart", "secrets", "security_opt", "stop_grace_period", "tmpfs", "volumes",
}  # fmt: skip
"""Of a service, in the compose specification, as far as this file uses them."""
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}
DURATION = re.compile(r"(\d+(us|ms|s|m|h))+")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))


def test_it_has_the_parts_that_the_specification_knows(compose: dict[str, Any]) -> None:
    assert set(compose) == {"name", "services", "volumes", "secrets"}
    for service in compose["services"].values():
        assert set(service) <= KEYS
        assert service["image"]
        check = service["healthcheck"]
        assert set(check) == {"test", "interval", "timeout", "retries", "start_period"}
        assert check["test"][0] in ("CMD", "CMD-SHELL")
        spans = [check["interval"], check["timeout"], check["start_period"]]
        assert all(DURATION.fullmatch(span) for span in [*spans, service["stop_grace_period"]])
        assert all(isinstance(value, str) for value in service["environment"].values())


def test_everything_it_refers_to_is_declared(compose: dict[str, Any]) -> None:
    services = compose["services"]
    mounted = {
        volume.split(":")[0] for service in services.values() for volume in service["volumes"]
    }
    assert {name for name in mounted if not name.startswith("$")} == set(compose["volumes"])
    given = {name for service in services.values() for name in service["secrets"]}
    assert given == set(compose["secrets"])
    for service in services.values():
        for name, terms in service.get("depends_on", {}).items():
            assert name in services
            assert terms["condition"] in CONDITIONS


def test_every_variable_is_one_that_the_service_reads(compose: dict[str, Any]) -> None:
    known = {f"RISKML_{name.upper()}" for name in (*Settings.model_fields,
                                                   *ServiceSettings.model_fields)}  # fmt: skip
    set_there = {
        name for name in compose["services"]["service"]["environment"] if name.startswith("RISKML_")
    }
    assert set_there
    assert set_there <= known


def test_no_secret_and_no_registry_stands_in_it() -> None:
    text = COMPOSE.read_text(encoding="utf-8")
    assert not re.search(r"PASSWORD: ", text)
    images = re.findall(r"image: (\S+)", text)
    assert images == ["postgres:17", "${RISKML_IMAGE:?set"]


def test_the_service_is_told_where_its_health_is(compose: dict[str, Any]) -> None:
    service = compose["services"]["service"]
    address, port = service["ports"][0].rsplit(":", 1)
    assert address == "127.0.0.1:3000"
    assert f"127.0.0.1:{port}/readyz" in service["healthcheck"]["test"][-1]
