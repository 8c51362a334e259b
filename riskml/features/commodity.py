"""Commodity: what is known of the goods declared."""

import numpy as np

from riskml.features.batch import Batch, roll
from riskml.features.definition import Definition, direct
from riskml.features.featureset import Feature
from riskml.features.past import outcome_history, past, presence
from riskml.history import Statistic

__all__ = ["definitions"]

_CODE, _CHAPTER = ("commodity_code",), ("chapter",)


def definitions(stage: str) -> list[Definition]:
    """Return the features of this family for ``stage``."""
    table = "manifests" if stage == "pre_arrival" else "declarations"
    found = presence("commodity", table, _CODE, (90.0, 365.0))
    found += outcome_history("commodity", table, _CODE, _CHAPTER, windows=(365.0, None))
    found += outcome_history("commodity", table, _CHAPTER, ("all",), windows=(365.0,))
    # The least usual line of a mixed consignment is often the one that matters.
    found.append(
        past("commodity", table, Statistic(_CODE, "count", days=365.0), how="min"),
    )
    found.append(
        past(
            "commodity",
            table,
            Statistic(_CODE, "hit_rate", parent=_CHAPTER, strength=20.0),
            how="mean",
        )
    )
    if stage == "declaration":
        found += _mixed(table)
    return found


def _mixed(table: str) -> list[Definition]:
    pair = ("commodity_code", "origin_country")
    found = presence("commodity", table, pair, (365.0,))
    found += outcome_history("commodity", table, pair, _CODE, windows=(365.0, None))
    feature = Feature(
        "distinct_commodities",
        "number",
        "commodity",
        "Number of different commodity codes on the consignment",
        "Số mã hàng khác nhau trong lô hàng",
        unit="codes",
        sources=(f"{table}.commodity_code",),
    )
    return [*found, direct(feature, _distinct_commodities)]


def _distinct_commodities(batch: Batch) -> np.ndarray:
    codes = batch.text("commodity_code")
    seen: set[tuple[int, str]] = set()
    new = np.zeros(len(codes))
    for row, (owner, code) in enumerate(zip(batch.owner.tolist(), codes.tolist(), strict=True)):
        if code is not None and (owner, code) not in seen:
            seen.add((owner, code))
            new[row] = 1.0
    return roll(batch, new, "sum")
