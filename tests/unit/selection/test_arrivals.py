"""Scores as they come, and what is refused."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from riskml.errors import (
    DataError,
    EmptyTableError,
    MissingColumnError,
    RiskmlError,
    UnreadableFileError,
    UsageError,
)
from riskml.selection import prepare_arrivals, read_scores


def scores(**columns: Any) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "bill_no": ["B1", "B2", None],
            "container_no": ["C1", None, None],
            "declaration_id": [None, None, "D3"],
            "stage": "declaration",
            "office": "Hai Phong",
            "mode": "sea",
            "decision_time": pd.Timestamp("2020-07-01T05:00Z"),
            "probability": [0.1, 0.2, 1 / 3],
        }
    )
    return frame.assign(**columns)


def test_a_consignment_is_named_by_what_is_known() -> None:
    assert prepare_arrivals(scores())["key"].tolist() == ["B1|C1", "B2", "declaration:D3"]
    named = prepare_arrivals(scores(consignment_id=["x", None, None]))
    assert sorted(named["key"]) == ["B2", "declaration:D3", "x"]


def test_the_last_score_of_a_day_counts() -> None:
    later = scores(probability=0.9, decision_time=pd.Timestamp("2020-07-01T06:00Z"))
    arrivals = prepare_arrivals(pd.concat([later, scores()]))
    assert arrivals["probability"].tolist() == [0.9, 0.9, 0.9]


def test_a_csv_reads_back_to_the_last_digit(tmp_path: Path) -> None:
    frame = scores(office=["=SUM(A1)", "NA", "Đà Nẵng"], probability=[0.1, 1 / 3, 1e-17])
    path = tmp_path / "scores.csv"
    frame.to_csv(path, index=False)
    read = prepare_arrivals(read_scores(path))
    expected = prepare_arrivals(frame)
    assert read["probability"].tolist() == expected["probability"].tolist()
    assert read["office"].tolist() == expected["office"].tolist()
    assert read["decision_time"].tolist() == expected["decision_time"].tolist()


def test_a_day_without_scores_says_which_days_there_are() -> None:
    with pytest.raises(UsageError, match=r"2020-07-02.*choose from 2020-07-01 to"):
        prepare_arrivals(scores(), date(2020, 7, 2))


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        ({"probability": [0.1, np.nan, 0.2]}, DataError, "row 2, column probability"),
        ({"probability": [0.1, 0.2, 1.5]}, DataError, "row 3, column probability: 1.5"),
        ({"probability": [0.1, 0.2, np.inf]}, DataError, "row 3, column probability: inf"),
        ({"office": [None, "a", "b"]}, DataError, "row 1, column office"),
        ({"declaration_id": None}, DataError, "row 3, column bill_no"),
        ({"decision_time": pd.Timestamp("2020-07-01")}, DataError, "no time zone"),
    ],
)
def test_impossible_scores_are_named(
    bad: dict[str, Any], error: type[RiskmlError], message: str
) -> None:
    with pytest.raises(error, match=message):
        prepare_arrivals(scores(**bad))


def test_absent_columns_and_rows_are_named() -> None:
    with pytest.raises(MissingColumnError, match="no column 'office'"):
        prepare_arrivals(scores().drop(columns="office"))
    with pytest.raises(EmptyTableError, match="no row"):
        prepare_arrivals(scores().iloc[:0])


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match=r"none\.csv"):
        read_scores(tmp_path / "none.csv")
    broken = tmp_path / "broken.csv"
    broken.write_text("office,probability\nA,zero\n")
    with pytest.raises(DataError, match="row 1, column probability: 'zero'"):
        read_scores(broken)
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(UnreadableFileError, match=r"empty\.csv"):
        read_scores(tmp_path / "empty.csv")
