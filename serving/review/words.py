"""What states, channels, actions and fields are called on the pages.

The values are English and are translated where they are shown; `N_` marks them for the test
that keeps the catalogue complete.
"""

from collections.abc import Mapping

__all__ = [
    "ACTIONS",
    "CHANNELS",
    "CHOICES",
    "DOCUMENTS",
    "FIELDS",
    "MODES",
    "N_",
    "PARTIES",
    "ROLES",
    "STAGES",
    "STATES",
    "word",
]


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for it
    """Mark a text for translation where it is shown."""
    return text


STAGES: Mapping[str, str] = {"pre_arrival": N_("pre-arrival"), "declaration": N_("declaration")}
MODES: Mapping[str, str] = {
    "sea": N_("sea"),
    "road": N_("road"),
    "air": N_("air"),
    "rail": N_("rail"),
}
CHANNELS: Mapping[str, str] = {
    "model": N_("model"),
    "mandatory": N_("mandatory"),
    "exploration": N_("exploration"),
    "officer": N_("officer"),
}
STATES: Mapping[str, str] = {
    "none": N_("no case"),
    "proposed": N_("proposed"),
    "approved": N_("approved"),
    "selected": N_("selected"),
    "scanned": N_("scanned"),
    "image_reviewed": N_("image reviewed"),
    "cleared": N_("cleared"),
    "opened": N_("opened"),
    "closed": N_("closed"),
}
ACTIONS: Mapping[str, str] = {
    "propose": N_("Propose for scanning"),
    "approve": N_("Approve"),
    "reject": N_("Reject"),
    "select": N_("Select for scanning"),
    "scan": N_("Record the scan"),
    "review_image": N_("Review the image"),
    "clear": N_("Clear"),
    "open": N_("Open the container"),
    "close": N_("Close with result"),
}
FIELDS: Mapping[str, str] = {
    "scan_finding": N_("Scan finding"),
    "finding": N_("Finding in the image"),
    "scanner_id": N_("Scanner"),
    "scanned_at": N_("Scanned at"),
    "reviewed_at": N_("Reviewed at"),
    "opened_at": N_("Opened at"),
    "image_uri": N_("Link to the image"),
    "note": N_("Note"),
    "result": N_("Result"),
    "violation_type": N_("Type of violation"),
    "severity": N_("Severity"),
    "revenue_recovered": N_("Revenue recovered"),
    "level": N_("Level of approval"),
}
CHOICES: Mapping[str, str] = {
    "clear": N_("clear"),
    "suspicious": N_("suspicious"),
    "violation": N_("violation"),
    "no_violation": N_("no violation"),
    "rejected": N_("rejected"),
    "undervaluation": N_("undervaluation"),
    "misdescription": N_("misdescription"),
    "concealment": N_("concealment"),
    "origin_laundering": N_("origin laundering"),
    "prohibited": N_("prohibited goods"),
    "prohibited_goods": N_("prohibited goods"),
    "quantity": N_("quantity"),
    "documentary": N_("documentary"),
    "national": N_("national"),
    "provincial": N_("provincial office"),
    "sub_office": N_("sub-office"),
}
ROLES: Mapping[str, str] = {
    "analyst": N_("analyst"),
    "supervisor": N_("supervisor"),
    "auditor": N_("auditor"),
    "operator": N_("operator"),
    "admin": N_("administrator"),
    "selection": N_("selection engine"),
    "system": N_("system"),
}

PARTIES: Mapping[str, str] = {
    "importer_id": N_("Importer"),
    "consignee_id": N_("Consignee"),
    "declarant_id": N_("Declarant"),
    "exporter_id": N_("Exporter"),
    "shipper_id": N_("Shipper"),
}

DOCUMENTS: Mapping[str, str] = {
    "consignee": N_("Consignee, importer"),
    "shipper": N_("Shipper, exporter"),
    "container": N_("Container"),
    "goods": N_("Goods"),
    "commodity": N_("Commodity code"),
    "gross_mass": N_("Gross mass"),
    "packages": N_("Packages"),
    "departure": N_("Port of loading, country of departure"),
    "origin": N_("Country of origin"),
    "transshipment": N_("Transshipment"),
    "carrier": N_("Carrier, vessel"),
    "declarant": N_("Declarant"),
    "procedure": N_("Procedure, lane"),
    "customs_value": N_("Customs value"),
    "duty": N_("Duty"),
}
"""What `riskml.cases.comparison` compares."""

_ALL: Mapping[str, str] = {
    **PARTIES, **CHOICES, **ROLES, **FIELDS, **STAGES, **MODES, **CHANNELS, **STATES,
}  # fmt: skip


def word(code: str | None) -> str:
    """Return the English word for a code; a code that nobody named is shown as it is."""
    return "" if code is None else _ALL.get(code, code)
