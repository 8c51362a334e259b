import csv

import pandas as pd
import pytest

from riskml.datasets.quarantine import defuse, write_quarantine


@pytest.mark.parametrize("cell", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\tx", "\rx"])
def test_formulas_are_defused(cell):
    assert defuse(pd.Series([cell])).tolist() == ["'" + cell]


@pytest.mark.parametrize("cell", ["", "plain", "a=b", "-12.5", "+3", "-1e-5", "1-2"])
def test_plain_cells_stay(cell):
    assert defuse(pd.Series([cell])).tolist() == [cell]


def test_the_file_is_csv_with_every_reason(tmp_path):
    lines = pd.DataFrame(
        {
            "file": ["=evil.csv", "a.csv"],
            "row": [1, 20],
            "rule": ["negative", "not_a_choice"],
            "column": ["customs_value", "mode"],
            "value": ["-1", '=HYPERLINK("x"), "y"\nz' + "w" * 1000],
        }
    )
    path = tmp_path / "q.csv"
    write_quarantine(lines, path)
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    assert rows[0] == ["file", "row", "rule", "column", "value"]
    assert rows[1] == ["'=evil.csv", "1", "negative", "customs_value", "-1"]
    assert rows[2][4].startswith("'=HYPERLINK")
    assert len(rows[2][4]) == 501
