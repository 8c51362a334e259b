import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from riskml.ledger import ids, new_id


def test_identifiers_are_version_7_of_now() -> None:
    made = uuid.UUID(new_id())
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert abs((made.int >> 80) - time.time() * 1000) < 5000


def test_identifiers_grow_and_never_repeat_across_threads() -> None:
    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(lambda _: [new_id() for _ in range(500)], range(8)))
    assert all(run == sorted(run) for run in runs)
    assert len({each for run in runs for each in run}) == 4000


def test_identifiers_grow_when_the_clock_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = new_id()
    monkeypatch.setattr(ids.time, "time_ns", lambda: 0)
    assert before < new_id() < new_id()
