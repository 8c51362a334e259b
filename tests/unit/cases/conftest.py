from collections.abc import Iterator
from pathlib import Path

import pytest

from riskml.cases import CaseBook
from riskml.config import settings
from riskml.ledger import Ledger
from tests.unit.cases.support import Clock


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    monkeypatch.setenv("RISKML_HOME", str(tmp_path))
    settings.cache_clear()
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}") as opened:
        yield opened
    settings.cache_clear()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def book(ledger: Ledger, clock: Clock) -> CaseBook:
    return CaseBook(ledger, clock=clock, alert_hours=24)
