"""An auditor detects a tampered list."""

import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest

from riskml.errors import DataError, MissingColumnError
from riskml.selection import Capacity, prepare_arrivals, read_scores, replay, select
from riskml.selection.lottery import ticket
from riskml.selection.spreadsheet import csv_bytes

CAPACITY = Capacity.everywhere(0.2, exploration=0.5)


@pytest.fixture
def arrivals() -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "bill_no": [f"B{i}" for i in range(20)],
            "office": "@Hải Phòng",
            "decision_time": pd.Timestamp("2020-07-01T05:00Z"),
            "probability": [i / 30 for i in range(20)],
        }
    )
    return prepare_arrivals(frame)


@pytest.fixture
def picks(arrivals: pd.DataFrame) -> pd.DataFrame:
    return select(arrivals, CAPACITY, seed=11).picks


def test_an_honest_list_replays_from_its_own_seed(
    arrivals: pd.DataFrame, picks: pd.DataFrame
) -> None:
    assert replay(picks, arrivals, CAPACITY) == ()
    assert replay(picks.iloc[::-1], arrivals, CAPACITY) == ()


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_an_honest_list_replays_from_a_file(
    arrivals: pd.DataFrame, picks: pd.DataFrame, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"picks.{suffix}"
    if suffix == "csv":
        path.write_bytes(csv_bytes(picks))
    else:
        picks.to_parquet(path)
    assert replay(read_scores(path), arrivals, CAPACITY) == ()


@pytest.mark.parametrize(
    ("column", "value"),
    [("channel", "officer"), ("rank", 99), ("propensity", 1.0), ("seed", 3), ("office", "other"),
     ("container_no", "MSCU1234566"), ("reason", "because"), ("probability", 0.99)],
)  # fmt: skip
def test_a_changed_cell_is_named(
    arrivals: pd.DataFrame, picks: pd.DataFrame, column: str, value: object
) -> None:
    forged = picks.copy()
    forged[column] = [*picks[column].iloc[:-1], value]
    (found,) = replay(forged, arrivals, CAPACITY)
    assert (found.consignment_id, found.column) == (picks["consignment_id"].iloc[-1], column)
    assert f"{column} is {value!r}" in str(found)


def test_added_removed_and_repeated_rows_are_named(
    arrivals: pd.DataFrame, picks: pd.DataFrame
) -> None:
    forged = pd.concat(
        [picks.iloc[1:], picks.iloc[[1]], picks.iloc[[0]].assign(consignment_id="X")]
    )
    found = {str(each) for each in replay(forged, arrivals, CAPACITY)}
    first, second = picks["consignment_id"].iloc[:2]
    assert found == {
        f"{first} on 2020-07-01: removed",
        f"{second} on 2020-07-01: added",
        "X on 2020-07-01: added",
    }


def test_a_luckier_seed_shows_against_the_logged_one(arrivals: pd.DataFrame) -> None:
    lucky = select(arrivals, CAPACITY, seed=12).picks
    assert replay(lucky, arrivals, CAPACITY) == ()
    assert replay(lucky, arrivals, CAPACITY, seed=11) != ()


def test_what_cannot_be_replayed_is_refused(arrivals: pd.DataFrame, picks: pd.DataFrame) -> None:
    with pytest.raises(MissingColumnError, match="'rank'"):
        replay(picks.drop(columns="rank"), arrivals, CAPACITY)
    with pytest.raises(DataError, match="empty selection"):
        replay(picks.iloc[:0], arrivals, CAPACITY)


def test_a_ticket_can_be_computed_without_us() -> None:
    text = json.dumps([7, ["2020-07-01", "Hải Phòng", "*"], 'B"1'], ensure_ascii=False)
    compact = text.replace(", ", ",")
    expected = int(hashlib.sha256(compact.encode()).hexdigest()[:16], 16)
    assert ticket(7, ("2020-07-01", "Hải Phòng", "*"), 'B"1') == expected
