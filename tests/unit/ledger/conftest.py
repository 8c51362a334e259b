import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from riskml.ledger import Ledger


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an empty ledger; copying it is quicker than migrating a new one for every test."""
    path = tmp_path_factory.mktemp("template") / "ledger.db"
    Ledger.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Return the URL of a ledger that is not there yet."""
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture
def ledger(template: Path, url: str) -> Iterator[Ledger]:
    shutil.copy(template, url.removeprefix("sqlite:///"))
    with Ledger.open(url) as opened:
        yield opened
