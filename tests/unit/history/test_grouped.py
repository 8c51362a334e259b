"""Grouping many rows in two passes gives what one pass gives."""

import numpy as np
import pytest

from riskml.history import Events, Queries, Statistic, compute

DAY = 86_400_000_000


def lines_and_queries(rows: int, entities: int) -> tuple[Events, Queries]:
    rng = np.random.default_rng(4)

    def column(prefix: str, size: int) -> np.ndarray:
        codes = rng.zipf(1.3, size) % entities
        return np.array([None if c == 7 else f"{prefix}{c}" for c in codes], dtype=object)

    known = rng.integers(0, 90, rows) * DAY
    event = np.array([f"e{n}" for n in rng.integers(0, rows, rows)], dtype=object)
    keys = {"a": column("a", rows), "b": column("b", rows)}
    values = {"v": rng.normal(0, 50, rows).round(2)}
    lines = Events("lines", event, np.arange(rows), known, event, keys, values)
    asked = {"a": column("a", rows), "b": column("b", rows)}
    return lines, Queries(rng.integers(0, 100, rows) * DAY, np.full(rows, None), asked, {})


@pytest.mark.parametrize("drawers", [1, 3, 256])
def test_two_passes_give_the_bits_of_one(monkeypatch: pytest.MonkeyPatch, drawers: int) -> None:
    lines, queries = lines_and_queries(6000, 900)
    wanted = [Statistic(key, "days_since_last") for key in (("a",), ("a", "b"))]
    for key in (("a",), ("a", "b")):
        wanted += [Statistic(key, "count", days=30.0), Statistic(key, "std", column="v", days=60.0)]
    wanted.append(Statistic(("a",), "distinct", column="b", days=60.0))
    expected = compute(wanted, [lines], queries)
    monkeypatch.setattr("riskml.history.grouped._MANY", 1)
    monkeypatch.setattr("riskml.history.grouped._DRAWERS", drawers)
    assert compute(wanted, [lines], queries).tobytes() == expected.tobytes()
    assert np.isfinite(expected).mean() > 0.5
