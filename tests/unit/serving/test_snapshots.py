"""History that was written down is the history that would be built again, or it is refused."""

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import serving.history
import serving.snapshots
from riskml.config import STAGES
from riskml.features.catalogue import feature_set
from riskml.features.online import Item
from riskml.history.container import SnapshotError
from riskml.history.publishing import published
from riskml.ledger import Ledger
from riskml.schemas import validate
from serving.history import History
from serving.normal import event_of
from serving.snapshots import Snapshots
from tests.support.service_world import draw_tables, split_at, write_tables

pytestmark = pytest.mark.slow

SETS = {stage: feature_set(stage) for stage in STAGES}
NOW = datetime(2022, 6, 1, tzinfo=UTC)
TABLES = draw_tables(60, 11)
EARLY, LATE = split_at(TABLES, TABLES.manifests["submitted_at"].quantile(0.6))


def rows_of(table: str, first: int = 0, last: int | None = None) -> list[dict[str, Any]]:
    """Return late rows of a table as the event log keeps them."""
    rows = LATE.require(table).iloc[first:last].to_dict("records")
    return [
        {k: v.to_pydatetime() if isinstance(v, pd.Timestamp) else v for k, v in row.items()
         if not pd.isna(v)}
        for row in map(event_of, rows)
    ]  # fmt: skip


def send(ledger: Ledger, first: int, last: int | None) -> None:
    for table in ("inspections", "declarations", "manifests"):
        ledger.append_events(table, rows_of(table, first, last), writer="test")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write_tables(EARLY, tmp_path / "data")
    return tmp_path


@pytest.fixture
def ledger(home: Path):
    with Ledger.open(f"sqlite:///{home / 'ledger.db'}") as opened:
        send(opened, 0, 20)
        yield opened


def started(home: Path, ledger: Ledger, interval: float = 900.0) -> tuple[Snapshots, History]:
    snapshots = Snapshots(home / "snapshots" / "history.snapshot", interval)
    history = snapshots.start(SETS, home / "data", ledger)
    history.follow(ledger)
    return snapshots, history


def from_the_log(home: Path, ledger: Ledger) -> History:
    history = History(SETS, home / "data")
    history.load()
    history.follow(ledger)
    return history


def answers(history: History) -> dict[str, str]:
    """Return the features of a consignment of everybody's, to the last bit."""
    manifest = TABLES.manifests.iloc[-1].to_dict()
    lines = TABLES.declarations[TABLES.declarations["bill_no"] == manifest["bill_no"]]
    rows = [event_of(row) for row in lines.to_dict("records")]
    found = {}
    for stage in STAGES:
        looked = history.look_up(stage, [Item(event_of(manifest), rows, NOW)])
        found |= {f"{stage} {n}": repr(c.tolist()) for n, c in looked.columns.items()}
    known = history.look_up_known("pre_arrival", {"bill_no": manifest["bill_no"]}, NOW)
    if known is not None:
        found |= {f"known {n}": repr(c.tolist()) for n, c in known.columns.items()}
    return found


def test_a_start_from_the_snapshot_has_the_bits_of_a_start_from_the_log(home, ledger):
    snapshots, history = started(home, ledger)
    assert history.saved == -1
    assert snapshots.keep(history, ledger)
    send(ledger, 20, 40)
    _, restored = started(home, ledger)
    assert restored.saved == history.state.watermark < restored.state.watermark
    assert restored.state.watermark == ledger.watermark()
    whole = from_the_log(home, ledger)
    assert restored.state == whole.state
    assert answers(restored) == answers(whole)
    send(ledger, 0, None)  # repeated, and new
    for each in (restored, whole):
        each.follow(ledger)
    assert answers(restored) == answers(whole)
    assert restored.state == whole.state


def refused(home: Path, ledger: Ledger, sets: Any = None) -> str:
    history = History(sets or SETS, home / "data")
    with pytest.raises(SnapshotError) as caught:
        history.restore(home / "snapshots" / "history.snapshot", ledger)
    return str(caught.value)


def test_what_does_not_belong_is_refused_by_name(home, ledger, monkeypatch):
    path = home / "snapshots" / "history.snapshot"
    assert "no snapshot history.snapshot" in refused(home, ledger)
    snapshots, history = started(home, ledger)
    snapshots.keep(history, ledger)
    other = {s: replace(f, version=f.version + 1) for s, f in SETS.items()}
    assert "made of other feature sets" in refused(home, ledger, other)
    with Ledger.open(f"sqlite:///{home / 'other.db'}") as empty:
        assert "made of another event log" in refused(home, empty)
    write_tables(TABLES, home / "data")
    assert "made of other base tables" in refused(home, ledger)
    write_tables(EARLY, home / "data")
    with monkeypatch.context() as patch:
        patch.setattr(serving.history, "_code", lambda: "another")
        assert "written by another version" in refused(home, ledger)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert "truncated" in refused(home, ledger)
    path.write_bytes(whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:])
    assert "is altered" in refused(home, ledger)
    _, rebuilt = started(home, ledger)  # a service simply begins anew
    assert answers(rebuilt) == answers(history)
    path.write_bytes(whole)
    _, restored = started(home, ledger)
    assert restored.saved == history.state.watermark


def test_a_restored_ledger_that_gives_its_numbers_out_again_is_noticed(home, ledger):
    snapshots, history = started(home, ledger)
    with Ledger.open(f"sqlite:///{home / 'restored.db'}") as restored:
        # As many events, under the same numbers, by the same writer: other content.
        rows = TABLES.declarations.iloc[: ledger.watermark()].to_dict("records")
        good = validate(pd.DataFrame(rows), "declarations").good.to_dict("records")
        plain = [
            {k: v.to_pydatetime() if isinstance(v, pd.Timestamp) else v
             for k, v in event_of(row).items() if not pd.isna(v)} for row in good
        ]  # fmt: skip
        restored.append_events("declarations", plain, writer="test")
        assert restored.watermark() == ledger.watermark()
        snapshots.keep(history, ledger)
        assert "another event log" in refused(home, restored)


def test_one_worker_writes_and_the_others_leave_it(home, ledger):
    first, history = started(home, ledger)
    second, other = started(home, ledger)
    path = home / "snapshots" / "history.snapshot"
    with published(path) as file:  # somebody is writing
        file.write(b"whatever")
        assert not first.keep(history, ledger)
    path.unlink()
    assert first.keep(history, ledger)
    written = path.stat().st_mtime_ns
    assert not second.keep(other, ledger)  # it is young enough
    send(ledger, 20, 25)
    assert not first.keep(history, ledger, now=True)  # nothing has come since
    history.follow(ledger)
    assert not first.keep(history, ledger)
    os.utime(path, (0, 0))
    assert first.keep(history, ledger)
    assert path.stat().st_mtime_ns > written
    assert not Snapshots(None, 900.0).keep(history, ledger)


def test_a_stop_writes_only_what_is_worth_the_wait(home, ledger, monkeypatch):
    snapshots, history = started(home, ledger)
    snapshots.keep(history, ledger)
    before = history.state.watermark
    send(ledger, 20, 25)
    history.follow(ledger)
    assert not snapshots.keep(history, ledger, now=True)  # replayed sooner than written
    monkeypatch.setattr(serving.snapshots, "MANY", history.state.watermark - before)
    assert not snapshots.keep(history, ledger)
    assert snapshots.keep(history, ledger, now=True)
    assert not snapshots.keep(history, ledger, now=True)
