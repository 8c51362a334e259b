"""Novelty: what has never been seen before is a sign of its own, never "no risk"."""

from riskml.features.definition import Definition
from riskml.features.past import past
from riskml.history import Statistic

__all__ = ["definitions"]

_KEYS: dict[str, tuple[tuple[str, ...], ...]] = {
    "pre_arrival": (
        ("consignee_id",),
        ("shipper_id",),
        ("consignee_id", "shipper_id"),
        ("consignee_id", "commodity_code"),
        ("consignee_id", "port_of_loading"),
    ),
    "declaration": (
        ("importer_id",),
        ("exporter_id",),
        ("importer_id", "exporter_id"),
        ("importer_id", "commodity_code"),
        ("importer_id", "origin_country"),
        ("commodity_code", "origin_country"),
    ),
}


def definitions(stage: str) -> list[Definition]:
    """Return the features of this family for ``stage``."""
    table = "manifests" if stage == "pre_arrival" else "declarations"
    return [past("novelty", table, Statistic(key, "first_seen")) for key in _KEYS[stage]]
