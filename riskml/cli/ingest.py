"""``riskml ingest``: map a customs service's own export, validate it, quarantine what is bad."""

from pathlib import Path
from typing import Annotated, Any

import typer

from riskml.cli.console import print_table, progress, say

__all__ = ["command"]


def command(
    mapping: Annotated[
        Path, typer.Option(help="TOML mapping, for instance data/mappings/lemis.toml.")
    ],
    source: Annotated[Path, typer.Option(help="Folder that holds the export.")],
    out: Annotated[Path, typer.Option(help="Folder for the tables, quarantine and summary.")],
    max_bad_share: Annotated[
        float, typer.Option(help="Refuse an export in which a larger share of rows is bad.")
    ] = 0.2,
    json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
) -> None:
    """Map an export to the three tables, validate every row, quarantine the bad ones."""
    from riskml.datasets.export import check_writable, write_ingestion
    from riskml.datasets.ingest import ingest

    check_writable(out)
    found = ingest(mapping, source, max_bad_share=max_bad_share, progress=progress)
    summary = write_ingestion(found, out)
    print_table(_rows(summary, nested=json), as_json=json, title=f"Ingested into {out}")
    if not json:
        for note in summary["notes"]:
            say(f"note: {note}")
        if any(table["quarantined"] for table in summary["tables"].values()):
            say(f"bad rows with their reasons: {out / 'quarantine'}")


def _rows(summary: dict[str, Any], *, nested: bool) -> list[dict[str, Any]]:
    rows = []
    for name, table in summary["tables"].items():
        row: dict[str, Any] = {
            "table": name,
            "lines_read": table["lines_read"],
            "rows": table["rows"],
            "loaded": table["loaded"],
            "quarantined": table["quarantined"],
        }
        if nested:
            row["quarantined_by_rule"] = table["quarantined_by_rule"]
            row["unknown_codes"] = table["unknown_codes"]
        else:
            row["unknown_codes"] = sum(table["unknown_codes"].values())
            row["from"], row["to"] = table["from"][:10], table["to"][:10]
        rows.append(row)
    return rows
