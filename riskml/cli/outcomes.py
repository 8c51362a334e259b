"""``riskml outcomes``: the day's findings and results into the ledger, and so into history."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from riskml.cli.console import print_table, progress

if TYPE_CHECKING:
    import pandas as pd

    from riskml.ledger import EventReceipt, Ledger

__all__ = ["command"]

WRITER = "outcomes"
ROW = "x_riskml_row"
"""Carries the number of a row of the file through validation."""
CHUNK = 1000
"""Rows made durable at once."""


def command(
    file: Annotated[Path, typer.Option(help="CSV or Parquet with the columns of inspections.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Append outcomes to the ledger; sending a file twice changes nothing.

    Rows that break a rule, and rows that contradict what is recorded under the same inspection
    and revision, go to FILE.quarantine.csv beside the file, with the reason.
    """
    from riskml.config import settings
    from riskml.errors import EmptyTableError
    from riskml.ledger import Ledger
    from riskml.schemas import validate

    given = _read(file)
    checked = validate(
        given.assign(**{ROW: range(1, len(given) + 1)}), "inspections", source=file.name
    )
    if checked.good.empty:
        _quarantine(checked.quarantine, file)
        raise EmptyTableError(
            f"{file} has no usable row", f"see {_quarantine_path(file).name} beside it"
        )
    with Ledger.open(settings().ledger_url) as ledger:
        receipts = _append(ledger, checked.good.drop(columns=ROW))
        counts = _count(receipts, checked.summary.quarantined)
        ledger.append_record("outcomes_received", {"file": file.name, **counts}, WRITER)
    refused = _refused(checked.quarantine, checked.good, receipts, file.name)
    if len(refused):
        _quarantine(refused, file)
    print_table([counts], as_json=as_json, title=f"outcomes of {file.name}")


def _read(file: Path) -> "pd.DataFrame":
    import pandas as pd

    from riskml.errors import EmptyTableError, UnreadableFileError

    try:
        if file.suffix.lower() == ".parquet":
            frame = pd.read_parquet(file)
        else:
            frame = pd.read_csv(file, dtype="str", keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError) as error:  # pandas' and pyarrow's own errors are ValueErrors
        reason = getattr(error, "strerror", None) or str(error)
        raise UnreadableFileError(
            f"{file} cannot be read: {reason}", "give a UTF-8 CSV or a Parquet file"
        ) from error
    if frame.empty:
        raise EmptyTableError(f"{file} has no row", "give one row per inspection")
    return frame


def _append(ledger: "Ledger", good: "pd.DataFrame") -> "list[EventReceipt]":
    receipts: list[EventReceipt] = []
    starts = range(0, len(good), CHUNK)
    for start in progress(starts, "outcomes", len(starts)):
        rows = cast("list[dict[str, Any]]", good.iloc[start : start + CHUNK].to_dict("records"))
        receipts += ledger.append_events("inspections", rows, writer=WRITER)
    return receipts


def _count(receipts: "list[EventReceipt]", quarantined: int) -> dict[str, int]:
    return {
        "new": sum(receipt.new for receipt in receipts),
        "duplicate": sum(receipt.duplicate for receipt in receipts),
        "conflicting": sum(receipt.conflict for receipt in receipts),
        "quarantined": quarantined,
    }


def _refused(
    quarantine: "pd.DataFrame", good: "pd.DataFrame", receipts: "list[EventReceipt]", name: str
) -> "pd.DataFrame":
    """Return the quarantine with a line for each row that contradicts the ledger."""
    import pandas as pd

    conflicting = good[[receipt.conflict for receipt in receipts]]
    lines = pd.DataFrame(
        {
            "file": name,
            "row": conflicting[ROW].astype("int64"),
            "rule": "conflicts_with_ledger",
            "column": "inspection_id",
            "value": conflicting["inspection_id"],
        }
    )
    return pd.concat([part for part in (quarantine, lines) if len(part)] or [quarantine])


def _quarantine_path(file: Path) -> Path:
    return file.with_name(f"{file.stem}.quarantine.csv")


def _quarantine(refused: "pd.DataFrame", file: Path) -> None:
    from riskml.datasets.quarantine import write_quarantine
    from riskml.errors import DataError

    path = _quarantine_path(file)
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        write_quarantine(refused, temporary)
        temporary.replace(path)
    except OSError as error:
        raise DataError(
            f"{path} cannot be written: {error.strerror}", "allow writing beside the file"
        ) from error
