"""Reason codes: stable names for groups of features of one meaning, in two languages.

A code is written into the ledger and into other systems' rules, so it is never renamed or
re-used; a group may be split by adding a code.
"""

from dataclasses import dataclass

from riskml.explanation.catalogue import say
from riskml.features import Feature

__all__ = ["GENERIC", "REASON_CODES", "ReasonCode", "code_of"]

GENERIC = "R-OTHER"
"""The code of a feature whose meaning nobody has named yet."""


@dataclass(frozen=True)
class ReasonCode:
    """A stable code; what it is called stands in the catalogues.

    Attributes
    ----------
    code : str
        Stable, upper case, begins with ``R-``.
    """

    code: str

    @property
    def title_en(self) -> str:
        """English name of the group of features, as the subject of a sentence."""
        return say("en", self.code)

    @property
    def title_vi(self) -> str:
        """Vietnamese name."""
        return say("vi", self.code)


_CODES = (
    "R-PARTY-HISTORY",
    "R-PARTY",
    "R-COMMODITY-HISTORY",
    "R-COMMODITY",
    "R-PRICE",
    "R-QUANTITY",
    "R-ROUTE-HISTORY",
    "R-ROUTE",
    "R-MISMATCH",
    "R-CONTAINER",
    "R-NOVELTY",
    "R-OFFICE",
    "R-CARRIER",
    "R-TIMING",
    "R-PROCEDURE",
    GENERIC,
)

REASON_CODES: dict[str, ReasonCode] = {code: ReasonCode(code) for code in _CODES}
"""Every reason code, in the order in which equal reasons are shown."""

_OUTCOMES = {"inspections.result", "inspections.scan_finding"}

_BY_FAMILY = {
    "parties": "R-PARTY",
    "commodity": "R-COMMODITY",
    "valuation": "R-PRICE",
    "route": "R-ROUTE",
    "consistency": "R-MISMATCH",
    "container": "R-CONTAINER",
    "logistics": "R-CARRIER",
    "novelty": "R-NOVELTY",
}

_WITH_OUTCOMES = {
    "R-PARTY": "R-PARTY-HISTORY",
    "R-COMMODITY": "R-COMMODITY-HISTORY",
    "R-ROUTE": "R-ROUTE-HISTORY",
}

# What a single column speaks of, for features that only pass it on.
_COLUMNS = {
    "R-PARTY": (
        "shipper_id", "shipper_name", "consignee_id", "consignee_name", "notify_id", "declarant_id",
        "importer_id", "importer_name", "exporter_id", "exporter_name", "trusted_trader",
    ),
    "R-COMMODITY": ("commodity_code", "goods_description", "chapter", "heading"),
    "R-PRICE": ("customs_value", "unit_price", "duty_rate", "duty_amount"),
    "R-QUANTITY": (
        "gross_mass_kg", "net_mass_kg", "packages", "quantity", "quantity_unit", "line_no",
    ),
    "R-ROUTE": (
        "origin_country", "departure_country", "port_of_loading", "transshipment_port",
        "port_of_discharge",
    ),
    "R-CONTAINER": ("container_no", "container_no_raw", "container_type"),
    "R-OFFICE": ("office",),
    "R-CARRIER": ("mode", "carrier_id", "vessel", "voyage", "cargo_type"),
    "R-TIMING": ("submitted_at", "arrival_at", "lodged_at", "recorded_at", "decision_time"),
    "R-PROCEDURE": ("procedure", "lane", "preference_code", "payment_type"),
}  # fmt: skip
_TIMES = frozenset(_COLUMNS["R-TIMING"])
_BY_COLUMN = {column: code for code, columns in _COLUMNS.items() for column in columns}


def code_of(feature: Feature) -> str:
    """Return the reason code of a feature, from its family and from what it is computed of.

    A family that nobody has named falls into :data:`GENERIC`; a column passed on as it is (family
    ``raw``) takes the code of what the column speaks of.
    """
    columns = {source.rsplit(".", 1)[-1] for source in feature.sources}
    outcome = not _OUTCOMES.isdisjoint(feature.sources)
    about = columns - {"result", "scan_finding"}
    if about == {"office"}:
        return "R-OFFICE"
    if about and all(column in _TIMES for column in about):
        return "R-TIMING"
    if feature.family == "raw":
        return _raw_code(about)
    code = _BY_FAMILY.get(feature.family, GENERIC)
    if code == "R-CARRIER":
        code = _logistics_code(about)
    return _WITH_OUTCOMES.get(code, code) if outcome else code


def _raw_code(columns: set[str]) -> str:
    codes = {_BY_COLUMN.get(column, GENERIC) for column in columns}
    return codes.pop() if len(codes) == 1 else GENERIC


def _logistics_code(columns: set[str]) -> str:
    """Logistics holds whatever concerns the transport; masses are a matter of their own."""
    codes = {_BY_COLUMN.get(column, GENERIC) for column in columns}
    return "R-QUANTITY" if codes == {"R-QUANTITY"} else "R-CARRIER"
