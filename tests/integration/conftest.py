"""A real service on a real ledger with real models, shared by the tests of a session."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from riskml.ledger import Ledger
from serving.harness import Server, running_server
from tests.support.service_world import (
    ServiceWorld,
    as_sent,
    make_world,
    split_at,
    write_tables,
)

ROLES = ("engine", "office", "analyst", "supervisor", "auditor", "operator", "admin")


@dataclass(frozen=True)
class Service:
    """A running service, its folder, its world, a key of each role, and the ledger's URL."""

    server: Server
    home: Path
    world: ServiceWorld
    keys: dict[str, str]
    database: str = ""

    def client(self, role: str = "engine", **headers: str) -> httpx.Client:
        headers["Authorization"] = f"Bearer {self.keys[role]}"
        return httpx.Client(base_url=self.server.url, headers=headers, timeout=120)

    def ledger(self) -> Ledger:
        return Ledger.open(self.database or ledger_url(self.home))

    def score(self, items: list[dict[str, Any]], **headers: str) -> list[dict[str, Any]]:
        with self.client(**headers) as client:
            answer = client.post("/v1/score", json={"consignments": items})
        assert answer.status_code == 200, answer.text
        results: list[dict[str, Any]] = answer.json()["results"]
        return results


def ledger_url(home: Path) -> str:
    """Return the URL of the ledger in a home folder."""
    return f"sqlite:///{home.resolve() / 'ledger.db'}"


def save_champions(home: Path, world: ServiceWorld, *stages: str) -> None:
    """Let the models of these stages serve."""
    for stage in stages:
        world.bundles[stage].save(home / "champions" / stage)


def make_keys(home: Path, database: str = "") -> dict[str, str]:
    """Create a key of each role, and one bound to an office."""
    with Ledger.open(database or ledger_url(home)) as ledger:
        keys = {role: ledger.create_key(role)[1] for role in ROLES}
        keys["engine-VN0"] = ledger.create_key("engine", "VN0")[1]
        keys["analyst-VN0"] = ledger.create_key("analyst", "VN0")[1]
        keys["office-VN0"] = ledger.create_key("office", "VN0")[1]
    return keys


@pytest.fixture(scope="session")
def service_world() -> ServiceWorld:
    """Tables and a model of each stage."""
    return make_world(700)


@pytest.fixture
def make_home(tmp_path: Path, service_world: ServiceWorld) -> Callable[..., Path]:
    """Build a home folder: champions of the stages asked for."""

    def build(*stages: str) -> Path:
        home = tmp_path / "home"
        home.mkdir()
        save_champions(home, service_world, *stages)
        return home

    return build


@pytest.fixture(scope="session")
def service(
    tmp_path_factory: pytest.TempPathFactory, service_world: ServiceWorld
) -> Iterator[Service]:
    """Half of history as base tables, half sent as events, both stages served."""
    home = tmp_path_factory.mktemp("service")
    save_champions(home, service_world, *service_world.bundles)
    middle = service_world.tables.manifests["submitted_at"].quantile(0.5)
    early, late = split_at(service_world.tables, middle)
    data = write_tables(early, home / "data")
    keys = make_keys(home)
    with running_server(home, data=data) as server:
        running = Service(server, home, service_world, keys)
        send_events(running, late, pd.Timestamp(middle))
        yield running


def send_events(service: Service, tables: Any, _since: Any = None) -> None:
    """Send rows as events, shuffled, and some of them twice."""
    with service.client() as client:
        for name, route in (
            ("inspections", "outcomes"), ("declarations", "events"), ("manifests", "events"),
        ):  # fmt: skip
            frame = tables.get(name).sample(frac=1.0, random_state=3)
            rows = [as_sent(name, row) for row in frame.to_dict("records")]
            for start in range(0, len(rows), 400):
                part = rows[start : start + 400]
                answer = client.post(f"/v1/{route}", json={name: [*part, *part[:3]]})
                assert answer.status_code == 200, answer.text
                results = answer.json()["results"]
                assert [r.get("status") for r in results[-3:]] == ["duplicate"] * 3
                assert all(r.get("status") == "new" for r in results[:-3]), results[:3]
                last = max(result["seq"] for result in results)
        # An answer waits two seconds for history; on a busy machine that may not do.
        for _ in range(60):
            if client.post("/v1/events", json={name: part[:1]}).json()["watermark"] >= last:
                return
        raise AssertionError("history does not follow its events")
