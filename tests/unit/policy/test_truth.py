"""The envelope: the inspected keep what they had, the others borrow from their kind."""

import numpy as np
import pandas as pd
import pytest

from riskml.datasets import Tables, load_tables
from riskml.datasets.consignments import roll_up
from riskml.errors import LabelError, UnreadableFileError
from riskml.policy.truth import HONEST, envelope, read_truth


@pytest.fixture(scope="module")
def parts(folder):
    tables, truth = load_tables(folder), read_truth(folder)
    rollup = roll_up(tables, "declaration")
    return rollup.take(rollup.consignments["consignment_id"].isin(truth.index).to_numpy()), truth


def test_outcomes_have_the_shape_of_the_inspected_ones(folder, parts) -> None:
    rollup, truth = parts
    found = envelope(rollup, truth, load_tables(folder), seed=0)
    guilty = (found["violation"] == 1).to_numpy()
    assert not found.loc[~guilty, "finds"].any(), "an honest one is never found guilty"
    assert (found.loc[~guilty, "revenue"] == 0).all()
    legacy = found["legacy"].to_numpy()
    for column in ("finds", "suspicious"):
        inside = found.loc[guilty & legacy, column].mean()
        assert found.loc[guilty & ~legacy, column].mean() == pytest.approx(inside, abs=0.12)
    assert (found["delay"].dropna() >= pd.Timedelta(0)).all()
    assert (found["scan_delay"] <= found["delay"]).mean() > 0.95
    assert set(found.loc[~guilty, "kind"]) == {HONEST}


def test_the_inspected_keep_their_own_outcome(folder, parts) -> None:
    rollup, truth = parts
    tables = load_tables(folder)
    found = envelope(rollup, truth, tables, seed=0).set_index("key")
    rows = tables.require("inspections")
    keys = rows["bill_no"] + "|" + rows["container_no"]
    own = rows[keys.isin(found.index).to_numpy() & rows["closed_at"].notna().to_numpy()]
    own = own.set_index(keys.loc[own.index])
    assert (found.loc[own.index, "finds"] == (own["result"] == "violation")).all()
    np.testing.assert_allclose(
        found.loc[own.index, "revenue"], own["revenue_recovered"].fillna(0), atol=0.011
    )


def test_a_seed_gives_one_envelope(folder, parts) -> None:
    rollup, truth = parts
    tables = load_tables(folder)
    one, same, other = (envelope(rollup, truth, tables, seed) for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(one, same)
    assert not one["delay"].equals(other["delay"])


def test_without_an_inspected_violation_there_is_nothing_to_borrow(folder, parts) -> None:
    rollup, truth = parts
    tables = load_tables(folder)
    rows = tables.require("inspections")
    guilty = truth.index[truth["violation"] == 1]
    clean = rows[~(rows["bill_no"] + "|" + rows["container_no"]).isin(guilty)]
    tables = Tables(declarations=tables.declarations, inspections=clean)
    with pytest.raises(LabelError, match="inspected no violation"):
        envelope(rollup, truth, tables, seed=0)


def test_a_folder_without_truth_is_refused(tmp_path) -> None:
    with pytest.raises(UnreadableFileError, match=r"no truth\.parquet: a rehearsal needs a world"):
        read_truth(tmp_path)
