"""The data dictionary as Markdown, written from the vocabulary; ``data/README.md`` holds it."""

from riskml.schemas.columns import Column
from riskml.schemas.rules import RULES
from riskml.schemas.vocabulary import table_schema

__all__ = ["column_dictionary", "rule_dictionary"]


def column_dictionary(table: str) -> str:
    """Return the columns of a table as a Markdown table; a star marks required ones."""
    rows = [_row(column) for column in table_schema(table).columns]
    return "\n".join(["| column | kind | meaning |", "|---|---|---|", *rows]) + "\n"


def rule_dictionary() -> str:
    """Return the rules of the quarantine as a Markdown table."""
    rows = [f"| `{rule}` | {sentence} |" for rule, sentence in RULES.items()]
    return "\n".join(["| rule | a row is quarantined when |", "|---|---|", *rows]) + "\n"


def _row(column: Column) -> str:
    star = "*" if column.required else ""
    return f"| `{column.name}`{star} | {_kind(column)} | {column.meaning} |"


def _kind(column: Column) -> str:
    if column.choices:
        return ", ".join(column.choices)
    return f"{column.kind} ({column.unit})" if column.unit else column.kind
