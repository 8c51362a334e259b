"""What a row is: the vocabulary of the three tables, its pandera schemas, and validation."""

from riskml.schemas.codes import CommoditySystem, country_codes
from riskml.schemas.columns import Column, Kind, TableSchema
from riskml.schemas.frames import frame_schema
from riskml.schemas.reading import Reading
from riskml.schemas.rules import RULES
from riskml.schemas.validation import (
    QUARANTINE_COLUMNS,
    Origin,
    Summary,
    Validated,
    empty_quarantine,
    validate,
)
from riskml.schemas.vocabulary import TABLE_NAMES, TABLES, table_schema

__all__ = [
    "QUARANTINE_COLUMNS",
    "RULES",
    "TABLES",
    "TABLE_NAMES",
    "Column",
    "CommoditySystem",
    "Kind",
    "Origin",
    "Reading",
    "Summary",
    "TableSchema",
    "Validated",
    "country_codes",
    "empty_quarantine",
    "frame_schema",
    "table_schema",
    "validate",
]
