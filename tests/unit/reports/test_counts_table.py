"""Counting a table of inspections, and the same from the ledger."""

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from riskml.datasets import write_table
from riskml.errors import EmptyTableError, LedgerError, MissingColumnError, UsageError
from riskml.ledger import Ledger
from riskml.reports.counts import Group, Pending, PeriodCounts, Source, Tally
from riskml.reports.counts_ledger import count_ledger
from riskml.reports.counts_table import count_folder, count_inspections, mode_of_inspections

SOURCE = Source("test")
JULY = {"first": date(2020, 7, 1), "last": date(2020, 7, 31)}


def at(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


def inspections(*rows: dict[str, Any]) -> pd.DataFrame:
    base = {
        "office": "Hai Phong",
        "channel": "model",
        "bill_no": "B1",
        "selected_at": at("2020-07-09"),
        "scanned_at": at("2020-07-10"),
        "scan_finding": "clear",
        "opened_at": pd.NaT,
        "result": None,
        "closed_at": at("2020-07-12"),
        "revision": 0,
    }
    frame = pd.DataFrame([{"inspection_id": f"I{i}", **base, **row} for i, row in enumerate(rows)])
    for name in ("selected_at", "scanned_at", "opened_at", "closed_at"):
        frame[name] = pd.to_datetime(frame[name], utc=True).dt.as_unit("us")
    for name in ("inspection_id", "office", "channel", "bill_no", "scan_finding", "result"):
        frame[name] = frame[name].astype("str")
    return frame


HIT = {"scan_finding": "suspicious", "result": "violation", "opened_at": at("2020-07-11")}
EXAMPLE = inspections(
    {},
    HIT,
    {"scan_finding": "suspicious", "result": "no_violation", "office": "Da Nang"},
    {"scan_finding": "suspicious", "channel": "exploration"},
    {"result": "violation", "opened_at": at("2020-07-11"), "channel": None},
    {"scan_finding": None},
    {"scanned_at": pd.NaT},
    {"scanned_at": at("2020-08-20"), **HIT},
)


def count(frame: pd.DataFrame, **options: Any) -> PeriodCounts:
    return count_inspections(frame, SOURCE, **(JULY | options))


def test_scans_findings_and_results_are_counted() -> None:
    counts = count(EXAMPLE)
    assert counts.total == Tally(6, 3, 2, 1)
    assert counts.total.confirmed == 1
    assert counts.offices == (
        Group("Hai Phong", Tally(5, 2, 2, 1)),
        Group("Da Nang", Tally(1, 1, 0, 0)),
    )
    assert counts.channels == (
        Group("model", Tally(4, 2, 1, 0)),
        Group("", Tally(1, 0, 1, 1)),
        Group("exploration", Tally(1, 1, 0, 0)),
    )
    assert counts.pending == Pending(unread=1, open_suspicious=1, opened_clear=1, unscanned=1)
    assert counts.modes == ()


def test_the_latest_revision_counts_once() -> None:
    first, second = {"inspection_id": "X", **HIT}, {"inspection_id": "X", "revision": 1}
    assert count(inspections(second, first)).total == Tally(1, 0, 0, 0)


@pytest.mark.parametrize(
    ("moment", "scans"),
    [
        ("2020-06-30T16:59:59", 0),  # still June in Vietnam
        ("2020-06-30T17:00:00", 1),
        ("2020-07-31T16:59:59", 1),
        ("2020-07-31T17:00:00", 0),
    ],
)
def test_the_period_is_made_of_local_days(moment: str, scans: int) -> None:
    assert count(inspections({"scanned_at": at(moment)}, {})).total.scans == scans + 1


def test_without_a_period_all_scans_count() -> None:
    counts = count_inspections(EXAMPLE, SOURCE)
    assert (counts.first, counts.last) == (date(2020, 7, 10), date(2020, 8, 20))
    assert counts.total.scans == 7
    assert counts.months == (
        Group("2020-07-01", Tally(6, 3, 2, 1)),
        Group("2020-08-01", Tally(1, 1, 1, 0)),
    )


def test_a_month_without_scans_stays_in_the_series() -> None:
    months = count(EXAMPLE, first=date(2020, 6, 1), last=date(2020, 8, 31)).months
    assert [(month.name, month.tally.scans) for month in months] == [
        ("2020-06-01", 0),
        ("2020-07-01", 6),
        ("2020-08-01", 1),
    ]


def test_a_period_without_scans_is_zero_not_an_error() -> None:
    counts = count(EXAMPLE, first=date(2019, 1, 1), last=date(2019, 1, 31))
    assert counts.total == Tally(0, 0, 0, 0)
    assert counts.offices == ()


def test_one_office_alone() -> None:
    counts = count(EXAMPLE, office="Da Nang")
    assert (counts.total, counts.offices, counts.office) == (Tally(1, 1, 0, 0), (), "Da Nang")
    with pytest.raises(UsageError, match=r"'Hue' does not occur .* use one of Da Nang, Hai Phong"):
        count(EXAMPLE, office="Hue")


def test_what_cannot_be_counted_is_refused() -> None:
    with pytest.raises(MissingColumnError, match="'scan_finding'"):
        count(EXAMPLE.drop(columns="scan_finding"))
    with pytest.raises(UsageError, match="--to 2020-06-01 lies before --from 2020-07-01"):
        count(EXAMPLE, last=date(2020, 6, 1))
    with pytest.raises(EmptyTableError, match="no row has a scanned_at"):
        count_inspections(inspections({"scanned_at": pd.NaT}), SOURCE)


def test_the_mode_comes_from_the_tables_that_know_it() -> None:
    frame = inspections({"bill_no": "B1"}, {"bill_no": "B2"}, {"bill_no": "B3"})
    frame["declaration_id"] = pd.Series([None, None, "D3"], dtype="str")
    manifests = pd.DataFrame({"bill_no": ["B1", "B1", "B2", "B2"], "mode": ["sea"] * 3 + ["road"]})
    declarations = pd.DataFrame({"declaration_id": ["D3"], "mode": ["air"]})
    mode = mode_of_inspections(frame, manifests.astype("str"), None, declarations.astype("str"))
    assert mode.fillna("").to_dict() == {"I0": "sea", "I1": "", "I2": "air"}
    groups = count(frame, mode=mode).modes
    assert {group.name: group.tally.scans for group in groups} == {"": 1, "air": 1, "sea": 1}


def test_a_folder_is_counted_with_its_digest(tmp_path: Path) -> None:
    write_table(EXAMPLE, tmp_path / "inspections.parquet")
    counts = count_folder(tmp_path, **JULY)
    assert counts.total == Tally(6, 3, 2, 1)
    assert counts.source.name == f"{tmp_path.name}/inspections.parquet"
    assert len(counts.source.digest) == 64


def test_the_ledger_gives_the_same_counts(tmp_path: Path) -> None:
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger:
        with pytest.raises(LedgerError, match="holds no inspection"):
            count_ledger(ledger, SOURCE)
        ledger.append_events("inspections", EXAMPLE.to_dict("records"), writer="test")
        manifest = {"bill_no": "B1", "container_no": "C1", "mode": "sea", "revision": 0}
        ledger.append_events("manifests", [manifest], writer="test")
        counts = count_ledger(ledger, SOURCE, **JULY)
    expected = count(EXAMPLE)
    assert (counts.total, counts.offices, counts.pending) == (
        expected.total,
        expected.offices,
        expected.pending,
    )
    assert counts.modes == (Group("sea", Tally(6, 3, 2, 1)),)
