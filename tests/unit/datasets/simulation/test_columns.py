"""No single raw column betrays the label."""

import numpy as np
import pandas as pd
import pytest

from riskml.datasets.simulation import SimulatedWorld, simulate
from riskml.datasets.simulation.measures import recall_at

pytestmark = pytest.mark.slow

KEYS = ["bill_no", "container_no"]
IDENTIFIERS = {
    "shipper_id", "shipper_name", "consignee_id", "consignee_name", "notify_id", "declarant_id",
    "importer_id", "importer_name", "exporter_id", "exporter_name", "commodity_code",
    "goods_description", "declaration_id", "vessel",
}  # fmt: skip
PRIOR = 20.0


@pytest.fixture(scope="module")
def big() -> SimulatedWorld:
    return simulate(scale=0.4, seed=21)


def joined(world: SimulatedWorld, table: str) -> pd.DataFrame:
    """Return the truth with the first row of each consignment in a table, and what was found."""
    first = getattr(world, table).query("revision == 0")
    keys = KEYS if table == "manifests" else ["bill_no"]
    first = first.drop_duplicates(keys)[[c for c in first if c not in KEYS or c in keys]]
    frame = world.truth.merge(first, on=keys, suffixes=("_true", ""))
    scans = world.inspections[[*KEYS, "result"]].assign(
        known=lambda f: (f["result"] == "violation").astype(float)
    )
    return frame.merge(scans[[*KEYS, "known"]], on=KEYS, how="left")


def ranked(frame: pd.DataFrame, column: str, later: np.ndarray) -> float:
    """Return the recall at 5 % of the best ranking that one column offers.

    Numbers and times are ranked from either end. Words are ranked by how often they went with a
    violation before: by every true outcome for attributes, by the outcomes that somebody saw for
    identifiers (their full truth is what the latent propensities are).
    """
    probability = frame.loc[later, "probability"].to_numpy()
    values = frame[column]
    if pd.api.types.is_string_dtype(values):
        label = "known" if column in IDENTIFIERS else "violation"
        past = frame.loc[~later & frame[label].notna().to_numpy()]
        groups = past.groupby(past[column].fillna("?"))[label].agg(["sum", "count"])
        mean = past[label].mean()
        rate = (groups["sum"] + PRIOR * mean) / (groups["count"] + PRIOR)
        score = values[later].fillna("?").map(rate).fillna(mean).to_numpy(dtype=float)
        return best(score, probability)
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        number = values[later].astype("int64").to_numpy(dtype=float)
    else:
        number = values[later].fillna(-1.0).to_numpy(dtype=float)
    return max(best(number, probability), best(-number, probability))


def best(score: np.ndarray, probability: np.ndarray) -> float:
    shuffled = np.random.default_rng(0).permutation(len(score))
    return recall_at(score[shuffled], probability[shuffled], (0.05,))[0]


@pytest.mark.parametrize("table", ["manifests", "declarations"])
def test_no_raw_column_reaches_half_of_the_oracle(big: SimulatedWorld, table: str) -> None:
    frame = joined(big, table)
    later = (frame["decision_time"] >= pd.Timestamp("2020-04-01", tz="UTC")).to_numpy()
    probability = frame.loc[later, "probability"].to_numpy()
    oracle = best(probability, probability)
    columns = [c for c in getattr(big, table) if c not in ("bill_no", "container_no")]
    reached = {column: ranked(frame, column, later) for column in columns}
    worst = max(reached, key=lambda column: reached[column])
    assert reached[worst] < 0.5 * oracle, (worst, reached[worst], oracle)
