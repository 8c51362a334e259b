"""The vocabulary: every column of the three tables, as data.

Everything else in this package (reading, codes, pandera schemas, the data dictionary in
``data/README.md``) is derived from what stands here.
"""

from riskml.schemas.columns import RAW_CONTAINER, Column, TableSchema

__all__ = ["TABLES", "TABLE_NAMES", "table_schema"]

MODES = ("sea", "road", "air", "rail")


def _identifier(name: str, meaning: str, required: bool = False) -> Column:
    return Column(name, "identifier", meaning, required)


def _text(name: str, meaning: str) -> Column:
    return Column(name, "text", meaning)


def _time(name: str, meaning: str, required: bool = False) -> Column:
    return Column(name, "time", meaning, required)


def _choice(name: str, meaning: str, choices: tuple[str, ...], required: bool = False) -> Column:
    return Column(name, "choice", meaning, required, choices)


def _money(name: str, meaning: str) -> Column:
    return Column(name, "money", meaning, unit="reporting currency")


def _mass(name: str, meaning: str) -> Column:
    return Column(name, "mass", meaning, high=1e12, unit="kg")


def _count(name: str, meaning: str) -> Column:
    return Column(name, "count", meaning, high=1e12)


_COMMON = (
    _time("recorded_at", "when the row reached the system, if later than its event"),
    Column("revision", "count", "number of the revision, 0 first", high=1e6, whole=True),
)

_MANIFESTS = TableSchema(
    name="manifests",
    identity=("bill_no", RAW_CONTAINER),
    event_time="submitted_at",
    columns=(
        _identifier("bill_no", "number of the bill of lading or air waybill", required=True),
        Column("container_no", "container", "container, ISO 6346 with check digit", required=True),
        _time("submitted_at", "when the manifest was submitted", required=True),
        _time("arrival_at", "expected or actual arrival"),
        _identifier("office", "customs office of arrival", required=True),
        _choice("mode", "mode of transport", MODES, required=True),
        _identifier("carrier_id", "carrier"),
        _text("vessel", "name of the vessel, flight or vehicle"),
        _identifier("voyage", "voyage or flight number"),
        _choice("cargo_type", "how the container is used", ("FCL", "LCL", "empty", "transit")),
        _identifier("shipper_id", "shipper"),
        _text("shipper_name", "name of the shipper"),
        _identifier("consignee_id", "consignee"),
        _text("consignee_name", "name of the consignee"),
        _identifier("notify_id", "party to be notified"),
        Column("port_of_loading", "port", "port of loading, UN/LOCODE"),
        Column("transshipment_port", "port", "port of transshipment, UN/LOCODE"),
        Column("port_of_discharge", "port", "port of discharge, UN/LOCODE"),
        _text("goods_description", "the goods in words"),
        Column("commodity_code", "commodity", "HS code of 4 to 10 digits, or of another system"),
        _mass("gross_mass_kg", "gross mass"),
        _count("packages", "number of packages"),
        _text("container_type", "size and type of the container"),
        *_COMMON,
    ),
)

_DECLARATIONS = TableSchema(
    name="declarations",
    identity=("declaration_id", "line_no"),
    event_time="lodged_at",
    columns=(
        _identifier("declaration_id", "number of the declaration", required=True),
        Column("line_no", "count", "number of the line", True, low=1.0, high=1e6, whole=True),
        _identifier("bill_no", "bill that the line covers"),
        Column("container_no", "container", "container that the line covers, ISO 6346"),
        _time("lodged_at", "when the declaration was lodged", required=True),
        _identifier("office", "customs office of declaration", required=True),
        _choice("mode", "mode of transport", MODES, required=True),
        _identifier("procedure", "customs procedure"),
        _identifier("lane", "lane given by the declaration system"),
        _identifier("trusted_trader", "status of the trader, for instance yes, no or an AEO class"),
        _identifier("declarant_id", "declarant or broker"),
        _identifier("importer_id", "importer"),
        _text("importer_name", "name of the importer"),
        _identifier("exporter_id", "exporter"),
        _text("exporter_name", "name of the exporter"),
        Column(
            "commodity_code", "commodity", "HS code of 4 to 10 digits, or of another system", True
        ),
        _text("goods_description", "the goods in words"),
        Column("origin_country", "country", "country of origin, ISO 3166 alpha-2"),
        Column("departure_country", "country", "country of departure, ISO 3166 alpha-2"),
        _money("customs_value", "declared customs value of the line"),
        _mass("net_mass_kg", "net mass"),
        _mass("gross_mass_kg", "gross mass"),
        _count("packages", "number of packages"),
        _count("quantity", "quantity in the unit of the tariff"),
        _identifier("quantity_unit", "unit of the quantity"),
        Column("duty_rate", "rate", "duty rate of the line", high=10_000.0, unit="percent"),
        _money("duty_amount", "duty declared for the line"),
        _identifier("preference_code", "preference claimed, or type of the rate"),
        _identifier("payment_type", "type of payment"),
        *_COMMON,
    ),
)

_INSPECTIONS = TableSchema(
    name="inspections",
    identity=("inspection_id",),
    event_time="selected_at",
    columns=(
        _identifier("inspection_id", "number of the inspection", required=True),
        _identifier("bill_no", "bill inspected (one of bill, container, declaration is needed)"),
        Column("container_no", "container", "container inspected, ISO 6346"),
        _identifier("declaration_id", "declaration inspected"),
        _identifier("office", "office that inspects", required=True),
        _identifier("scanner_id", "scanner"),
        _choice("channel", "why it was selected", ("model", "mandatory", "exploration", "officer")),
        Column(
            "propensity",
            "rate",
            "probability with which it was selected, as logged at selection",
            high=1.0,
            above_low=True,
            unit="probability",
        ),
        _time("selected_at", "when it was selected", required=True),
        _time("scanned_at", "when it was scanned"),
        _choice("scan_finding", "what the reader of the image said", ("clear", "suspicious")),
        _text("image_uri", "where the image lies"),
        _time("reviewed_at", "when the image was reviewed"),
        _time("opened_at", "when the consignment was opened"),
        _choice(
            "result",
            "the verified result; missing when a clear scan was closed unopened",
            ("no_violation", "violation"),
        ),
        _identifier("violation_type", "type of the violation"),
        Column("severity", "number", "severity of the violation, 0 none", high=1e6),
        _money("revenue_recovered", "revenue recovered"),
        _time("closed_at", "when the inspection was closed: its result is known from here"),
        *_COMMON,
    ),
)

TABLES: dict[str, TableSchema] = {
    schema.name: schema for schema in (_MANIFESTS, _DECLARATIONS, _INSPECTIONS)
}
"""Vocabulary of each table by name."""

TABLE_NAMES = tuple(TABLES)
"""Names of the tables, in the order in which a consignment meets them."""


def table_schema(name: str) -> TableSchema:
    """Return the vocabulary of a table.

    Raises
    ------
    KeyError
        If there is no such table.
    """
    return TABLES[name]
