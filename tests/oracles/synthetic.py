"""A feature frame whose true probabilities are known: labels are selective, late, and weighed."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskml.features import Feature, FeatureSet

FEATURES = FeatureSet(
    "synthetic",
    1,
    "declaration",
    (
        Feature("importer_id__hit_rate", "number", "parties", "rate", "tỷ lệ", sign=1),
        Feature("log_customs_value", "number", "valuation", "value", "trị giá"),
        Feature("importer_id__first_seen", "number", "novelty", "new", "mới", sign=1),
        Feature("noise", "number", "raw", "noise", "nhiễu"),
        Feature("chapter", "category", "raw", "chapter", "chương"),
    ),
)
CHAPTERS = np.array(["01", "27", "61", "84", "85", "95"], dtype=object)
EFFECT = np.array([0.0, 0.3, 1.2, -0.5, -0.2, 0.8])


@dataclass(frozen=True)
class World:
    """A frame (all arrivals; only some are labelled) and each row's true probability."""

    frame: pd.DataFrame
    probability: npt.NDArray[np.float64]
    feature_set: FeatureSet = FEATURES

    @property
    def labelled(self) -> pd.DataFrame:
        return self.frame[self.frame["label"].notna()].reset_index(drop=True)


def make_world(
    size: int = 4000,
    seed: int = 0,
    *,
    base: float = -3.2,
    selective: bool = True,
    start: str = "2021-01-01",
    days: int = 720,
    log_propensity: bool = True,
    insight: float = 0.0,
) -> World:
    """Draw arrivals, outcomes, a selection that favours the risky, and delays.

    With ``insight`` officers also see a sign of risk that no feature holds.
    """
    rng = np.random.default_rng(seed)
    rate = rng.beta(1, 12, size)
    value = rng.normal(8, 2, size)
    new = (rng.random(size) < 0.2).astype(float)
    chapter = rng.integers(0, len(CHAPTERS), size)
    odds = base + 9 * rate + 0.7 * new + EFFECT[chapter] - 0.15 * (value - 8)
    sign = insight * rng.normal(size=size)
    probability = 1 / (1 + np.exp(-odds - sign))
    violation = rng.random(size) < probability
    # The legacy policy looks at the rate and at big values, so selected rows are not like the rest.
    propensity = np.clip(0.08 + 2.5 * rate + 0.06 * (value - 8) + 0.2 * sign, 0.05, 0.95)
    inspected = rng.random(size) < propensity if selective else np.ones(size, dtype=bool)
    if not selective:
        propensity = np.ones(size)
    decided = pd.Timestamp(start, tz="UTC") + pd.to_timedelta(np.sort(rng.random(size)) * days, "D")
    decided = pd.Series(decided).dt.as_unit("us")
    known = decided + pd.to_timedelta(rng.lognormal(1.0, 1.0, size), "D").as_unit("us")
    suspicious = violation | (rng.random(size) < 0.05)
    ids = pd.Series([f"B{seed}-{row:06d}" for row in range(size)], dtype="str")
    rate = np.where(rng.random(size) < 0.05, np.nan, rate)
    office = rng.choice(["HPH", "SGN", "DAD"], size, p=[0.5, 0.4, 0.1])
    channel = np.where(rng.random(size) < 0.1, "exploration", "officer")
    frame = pd.DataFrame(
        {
            "consignment_id": ids,
            "bill_no": ids,
            "container_no": pd.Series([np.nan] * size, dtype="str"),
            "declaration_id": ids,
            "stage": pd.Series(["declaration"] * size, dtype="str"),
            "office": pd.Series(office, dtype="str"),
            "mode": pd.Series(["sea"] * size, dtype="str"),
            "decision_time": decided,
            "importer_id__hit_rate": rate,
            "log_customs_value": value,
            "importer_id__first_seen": new,
            "noise": rng.normal(size=size),
            "chapter": pd.Series(CHAPTERS[chapter], dtype="str"),
            "inspected": inspected,
            "label": np.where(inspected, violation.astype(float), np.nan),
            "label_verified": inspected & suspicious,
            "suspicious": np.where(inspected, suspicious.astype(float), np.nan),
            "label_known_at": known.where(pd.Series(inspected)),
            "matured": inspected,
            "propensity": np.where(inspected & log_propensity, propensity, np.nan),
            "channel": pd.Series(np.where(inspected, channel, None), dtype="str"),
            "revenue_recovered": np.where(inspected & violation, rng.lognormal(8, 1, size), np.nan),
            "severity": np.where(inspected & violation, 1.0, np.nan),
        }
    )
    return World(frame, probability)


def known_before(world: World, until: pd.Timestamp) -> pd.DataFrame:
    """Return the frame as it was known at a date: later decisions away, later labels missing."""
    frame = world.frame[world.frame["decision_time"] < until].reset_index(drop=True)
    hidden = ~(frame["label_known_at"] < until)
    for column in ("label", "suspicious", "revenue_recovered", "severity"):
        frame[column] = frame[column].mask(hidden)
    frame["label_known_at"] = frame["label_known_at"].mask(hidden)
    frame["matured"] = ~hidden & (frame["decision_time"] < until - pd.Timedelta(days=10))
    return frame
