from datetime import UTC, datetime, timedelta

import pytest

from riskml.errors import LedgerError
from riskml.ledger import Ledger


def test_records_read_back_by_kind_and_time(ledger: Ledger) -> None:
    start = datetime.now(UTC)
    first = ledger.append_record("promotion", {"stage": "pre_arrival", "reason": "ổn"}, "cli")
    second = ledger.append_record("selection", {"seed": 7}, "cli")
    (promotion,) = ledger.records("promotion")
    assert (promotion.record_id, promotion.writer) == (first, "cli")
    assert promotion.payload == {"stage": "pre_arrival", "reason": "ổn"}
    assert start - timedelta(seconds=1) < promotion.recorded_at
    assert [record.record_id for record in ledger.records()] == [first, second]
    assert len(ledger.records(limit=1)) == 1
    assert ledger.records(start=start + timedelta(days=1)) == []


@pytest.mark.parametrize(
    ("kind", "payload"), [("", {}), ("x\0", {}), ("x", {"y": float("nan")}), ("x", {"y": {1}})]
)
def test_bad_records_are_refused(ledger: Ledger, kind: str, payload: dict[str, object]) -> None:
    with pytest.raises(LedgerError):
        ledger.append_record(kind, payload, "cli")
    assert ledger.records() == []
