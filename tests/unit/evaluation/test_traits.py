from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from riskml.config import STAGES
from riskml.datasets import load_tables
from riskml.datasets.consignments import roll_up
from riskml.datasets.simulation import write_world
from riskml.evaluation.traits import size_bands, with_traits


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_each_consignment_has_its_own_party_origin_and_size(stage: str, tmp_path: Path) -> None:
    write_world(tmp_path, start=date(2020, 1, 1), days=14, scale=0.02, seed=1)
    tables = load_tables(tmp_path)
    rollup = roll_up(tables, stage)
    party = "consignee_id" if stage == "pre_arrival" else "importer_id"
    rows = rollup.consignments[["consignment_id", "decision_time"]].iloc[::-3]
    rows = rows.reset_index(drop=True)
    rows[f"{party}__count__365d"] = np.minimum(np.arange(len(rows), dtype=float), 20.0)
    found = with_traits(rows, rollup, stage)
    first = rollup.lines.loc[np.diff(rollup.owner, prepend=-1) > 0].reset_index(drop=True)
    expected = first[party].iloc[::-3].reset_index(drop=True)
    pd.testing.assert_series_equal(
        found["party"], expected.astype(object).rename("party"), check_dtype=False
    )
    assert found["origin"].dropna().str.fullmatch("[A-Z]{2}").all()
    assert found["origin"].notna().mean() > 0.5
    assert found.loc[found["party"].notna(), "size"].iloc[-1] == "13 to 104 a year"


def test_a_trader_without_a_name_has_no_size() -> None:
    assert size_bands(np.array([np.nan, 3.0]), np.array([True, False])).tolist() == [None, None]
