"""A real service with people, a full queue, and a real browser looking at it."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from riskml.ledger import Accounts, Ledger, ScoreRecord, new_id
from serving.harness import Server, running_server
from tests.integration.conftest import ledger_url, make_keys
from tests.support.service_world import ServiceWorld, items_of, make_world, write_tables

PASSWORD = "correct horse battery"
ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "artifacts" / "pages"
AXE = ROOT / ".venv" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
CROWD = 10_000
PEOPLE = (
    ("lan", "analyst", None),
    ("binh", "analyst", None),
    ("hoa", "analyst", "VN0"),
    ("minh", "supervisor", None),
    ("thu", "auditor", None),
    ("phuc", "operator", None),
    ("quan", "admin", None),
)
SCRIPT = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"


@dataclass(frozen=True)
class Site:
    """A running service with people who may log in."""

    server: Server
    home: Path
    world: ServiceWorld
    keys: dict[str, str]
    scored: dict[str, list[str]]

    def ledger(self) -> Ledger:
        return Ledger.open(ledger_url(self.home))

    def client(self, name: str | None = None, language: str = "en") -> httpx.Client:
        """Return a client, logged in if it has a name."""
        client = httpx.Client(base_url=self.server.url, timeout=60, follow_redirects=True)
        if name is not None:
            form = {"name": name, "password": PASSWORD, "language": language}
            answer = client.post("/review/login", data=form)
            assert answer.status_code in (200, 403), answer.text
        return client

    def bearer(self, role: str = "engine") -> dict[str, str]:
        """Return the headers of a program."""
        return {"Authorization": f"Bearer {self.keys[role]}"}

    def send(self, items: list[dict[str, Any]]) -> list[str]:
        answer = httpx.post(
            f"{self.server.url}/v1/score",
            json={"consignments": items},
            headers=self.bearer(),
            timeout=120,
        )
        assert answer.status_code == 200, answer.text
        return [result["score_id"] for result in answer.json()["results"]]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    world = make_world(400)
    home = tmp_path_factory.mktemp("site")
    for stage, bundle in world.bundles.items():
        bundle.save(home / "champions" / stage)
    data = write_tables(world.tables, home / "data")
    keys = make_keys(home)
    with Ledger.open(ledger_url(home)) as ledger:
        accounts = Accounts(ledger)
        for name, role, office in PEOPLE:
            accounts.create_user(name, PASSWORD, role, office=office, full_name=name.title())
    # A second is enough of a wait for a suspicious container to be overdue.
    environment = {"RISKML_ALERT_HOURS": "0.0003"}
    with running_server(home, data=data, environment=environment) as server:
        site = Site(server, home, world, keys, {})
        for stage in ("declaration", "pre_arrival"):
            site.scored[stage] = site.send(_items(world, stage))
        yield site


def _items(world: ServiceWorld, stage: str) -> list[dict[str, Any]]:
    rollup = world.rollup(stage)
    positions = np.arange(0, len(rollup), 5)
    positions = positions[np.bincount(rollup.owner)[positions] >= 1]
    items = items_of(rollup, positions)[:60]
    if stage == "declaration":
        items[0]["declaration_lines"][0]["goods_description"] = SCRIPT
        items[0]["declaration_lines"][0]["importer_name"] = SCRIPT
    return items


@pytest.fixture(scope="session")
def crowd(site: Site) -> int:
    """Fill the queue with ten thousand consignments more; return how many there are now."""
    with site.ledger() as ledger:
        pattern = ledger.score(site.scored["declaration"][1])
        assert pattern is not None
        for start in range(0, CROWD, 1000):
            rows = [_copy(pattern, number) for number in range(start, start + 1000)]
            ledger.append_scores(rows, writer="crowd")
        return ledger.count_scores()


def _copy(pattern: ScoreRecord, number: int) -> ScoreRecord:
    return replace(
        pattern,
        score_id=new_id(),
        bill_no=f"CROWD{number:05d}",
        probability=0.5 * number / CROWD,
        idempotency_key=None,
    )


@pytest.fixture(scope="module")  # its event loop must be gone before other tests run theirs
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium")
    assert path is not None, "install the Debian package chromium (make test does)"
    quiet = [
        "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-quic",
        "--disable-component-update", "--disable-sync", "--no-first-run",
    ]  # fmt: skip
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=quiet)
        yield launched
        launched.close()


@pytest.fixture
def visit(site: Site, browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open a page as somebody, in a browser of their own; scripts that fail fail the test."""
    contexts, complaints = [], []

    def opened(
        name: str | None = None, path: str = "/review/", *, language: str = "en",
        scheme: Any = "light", width: int = 1360,
    ) -> Page:  # fmt: skip
        context = browser.new_context(
            base_url=site.server.url, color_scheme=scheme, locale=language,
            viewport={"width": width, "height": 900},
        )  # fmt: skip
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: _complain(message, complaints))
        page.goto("/review/login")
        if name is not None:
            page.fill("#name", name)
            page.fill("#password", PASSWORD)
            page.click("main button")
            switch = page.locator(f".languages button[value={language}]")
            if switch.get_attribute("aria-pressed") != "true":
                switch.click()
            page.goto(path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def _complain(message: Any, complaints: list[str]) -> None:
    # A refused form answers 4xx, which the console notes and which is meant.
    if message.type == "error" and "status of 4" not in message.text:
        complaints.append(message.text)


@pytest.fixture
def picture() -> Callable[[Page, str], None]:
    """Keep a screenshot under its name, for people to look at."""
    PICTURES.mkdir(parents=True, exist_ok=True)

    def keep(page: Page, name: str) -> None:
        page.screenshot(path=PICTURES / f"{name}.png", full_page=True)

    return keep
