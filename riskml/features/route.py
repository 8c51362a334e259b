"""Route: where the goods come from, and whether the way makes sense."""

import numpy as np

from riskml.features.batch import Batch, roll
from riskml.features.definition import Definition, direct
from riskml.features.featureset import Feature
from riskml.features.past import outcome_history, past, presence
from riskml.history import Statistic

__all__ = ["definitions"]


_FIRST_USE = {
    "pre_arrival": ("consignee_id", "port_of_loading", "transshipment_port"),
    "declaration": ("importer_id", "origin_country", "departure_country"),
}
"""Who uses which way; its first use is a sign of its own."""


def definitions(stage: str) -> list[Definition]:
    """Return the features of this family for ``stage``."""
    if stage == "pre_arrival":
        table, places = "manifests", ("port_of_loading", "transshipment_port")
        route = ("port_of_loading", "commodity_code")
        checks = [direct(_TRANSSHIPPED, lambda b: _transshipped(b, "line"))]
    else:
        table, places = "declarations", ("origin_country", "departure_country")
        route = ("origin_country", "departure_country")
        checks = [
            direct(_TRANSSHIPPED, lambda b: _transshipped(b, "manifest")),
            direct(_INDIRECT, _indirect),
            direct(_LOADED_ELSEWHERE, lambda b: _loaded_elsewhere(b, "departure_country")),
            direct(_ORIGIN_ELSEWHERE, lambda b: _loaded_elsewhere(b, "origin_country")),
        ]
    found: list[Definition] = []
    for column in places:
        found += presence("route", table, (column,), (365.0,))
        found += outcome_history("route", table, (column,), ("all",), windows=(365.0, None))
    found += presence("route", table, route, (365.0,))
    found += outcome_history(
        "route", table, route, (route[0],), windows=(365.0,), strength=10.0, findings=False
    )
    office = ("office", places[0])
    found += outcome_history("route", table, office, (places[0],), windows=(365.0, None))
    found += outcome_history("route", table, ("office",), ("all",), windows=(90.0, 365.0))
    found.append(past("route", table, Statistic(_FIRST_USE[stage], "first_seen")))
    return [*found, *checks]


def _flag(name: str, english: str, vietnamese: str, *sources: str) -> Feature:
    return Feature(name, "number", "route", english, vietnamese, sources=sources)


_TRANSSHIPPED = _flag(
    "transshipped",
    "The manifest names a transshipment port",
    "Bản lược khai có cảng trung chuyển",
    "manifests.transshipment_port",
)
_INDIRECT = _flag(
    "origin_not_departure",
    "Country of origin and country of departure differ on some line",
    "Nước xuất xứ khác nước xuất hàng",
    "declarations.origin_country",
    "declarations.departure_country",
)
_LOADED_ELSEWHERE = _flag(
    "departure_not_loading",
    "Country of departure differs from the country of the port of loading",
    "Nước xuất hàng khác nước của cảng xếp hàng",
    "declarations.departure_country",
    "manifests.port_of_loading",
)
_ORIGIN_ELSEWHERE = _flag(
    "origin_not_loading",
    "Country of origin of some line differs from the country of the port of loading",
    "Nước xuất xứ của dòng nào đó khác nước của cảng xếp hàng",
    "declarations.origin_country",
    "manifests.port_of_loading",
)


def _transshipped(batch: Batch, table: str) -> np.ndarray:
    # Row by row, whatever columns the batch has: one item alone must read as it does among others.
    ports = batch.text("transshipment_port", table)
    named = np.array([port is not None for port in ports], dtype=np.float64)
    if table == "line":
        return roll(batch, named, "max")
    known = np.array([bill is not None for bill in batch.text("bill_no", table)], dtype=bool)
    return np.where(known, named, np.nan)


def _differ(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Compare two text columns; 1 where both are known and differ, missing where one is not."""
    pairs = zip(left.tolist(), right.tolist(), strict=True)
    return np.array(
        [np.nan if a is None or b is None else float(a != b) for a, b in pairs], dtype=np.float64
    )


def _indirect(batch: Batch) -> np.ndarray:
    differ = _differ(batch.text("origin_country"), batch.text("departure_country"))
    return roll(batch, differ, "max")


def _loaded_elsewhere(batch: Batch, column: str) -> np.ndarray:
    ports = batch.text("port_of_loading", "manifest")[batch.owner]
    countries = np.array([None if port is None else port[:2] for port in ports], dtype=object)
    return roll(batch, _differ(batch.text(column), countries), "max")
