"""Parties: what is known of importers, consignees, shippers, declarants, carriers and pairs."""

from riskml.features.definition import Definition
from riskml.features.kinship import GROUPS, Kinship
from riskml.features.past import outcome_history, past, presence
from riskml.history import Statistic

__all__ = ["definitions"]

_WINDOWS = (30.0, 90.0, 365.0)
_YEARS = 730.0
"""A party under another number has a longer past than its number."""
_MAIN = {"pre_arrival": "consignee_id", "declaration": "importer_id"}
_OTHERS = {
    "pre_arrival": ("shipper_id", "notify_id", "carrier_id"),
    "declaration": ("exporter_id", "declarant_id"),
}
_PAIRS = {
    "pre_arrival": (
        (("consignee_id", "shipper_id"), ("consignee_id",)),
        (("consignee_id", "commodity_code"), ("consignee_id",)),
        (("shipper_id", "port_of_loading"), ("shipper_id",)),
    ),
    "declaration": (
        (("importer_id", "exporter_id"), ("importer_id",)),
        (("importer_id", "commodity_code"), ("importer_id",)),
        (("importer_id", "origin_country"), ("importer_id",)),
        (("declarant_id", "importer_id"), ("declarant_id",)),
    ),
}
_DISTINCT = {"pre_arrival": "shipper_id", "declaration": "exporter_id"}


def definitions(stage: str) -> list[Definition]:
    """Return the features of this family for ``stage``."""
    table = "manifests" if stage == "pre_arrival" else "declarations"
    main = (_MAIN[stage],)
    found = [
        past("parties", table, Statistic(main, kind, days=days))
        for kind in ("count", "known", "hits")
        for days in _WINDOWS
    ]
    found.append(past("parties", table, Statistic(main, "days_since_last")))
    found += outcome_history("parties", table, main, ("all",), windows=(90.0, 365.0, None))
    for column in ("commodity_code", _DISTINCT[stage]):
        distinct = Statistic(main, "distinct", column=column, days=90.0)
        found.append(past("parties", table, distinct))
    found += _groups(table, GROUPS[stage])
    for column in _OTHERS[stage]:
        found += presence("parties", table, (column,), (30.0, 365.0))
        found += outcome_history("parties", table, (column,), ("all",), windows=(365.0, None))
    for pair, parent in _PAIRS[stage]:
        found += presence("parties", table, pair, (365.0,))
        found += outcome_history(
            "parties", table, pair, parent, windows=(365.0,), strength=10.0, findings=False
        )
    return found


def _groups(table: str, kinship: Kinship) -> list[Definition]:
    """Return what is known of a party under all its numbers."""
    key = (kinship.group,)
    statistics = (
        Statistic(key, "known", days=_YEARS),
        Statistic(key, "hits", days=_YEARS),
        Statistic(key, "distinct", column=kinship.party, days=_YEARS),
    )
    found = [past("parties", table, statistic) for statistic in statistics]
    return found + outcome_history("parties", table, key, ("all",), windows=(365.0, None))
