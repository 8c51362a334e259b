"""``riskml select``: who is scanned, within the capacity of each office."""

import hashlib
import io
import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from riskml.cli.console import print_table, say
from riskml.errors import DataError, UnreadableFileError, UsageError

if TYPE_CHECKING:
    from riskml.selection import Selection

__all__ = ["command"]

FORMAT = 1
"""Version of the audit file."""

TEXTS = ("date", "office", "mode")
"""Columns of the printed table that are no counts."""


def command(
    scores: Annotated[Path, typer.Option(help="Scores that riskml score wrote.")],
    capacity: Annotated[Path, typer.Option(help="Capacity of the offices: .csv or .toml.")],
    out: Annotated[Path | None, typer.Option(help="Parquet (or CSV) file to write.")] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of the draw; default: a secret one, then logged.")
    ] = None,
    watchlist: Annotated[Path | None, typer.Option(help="Watch list: .csv or .toml.")] = None,
    date: Annotated[str | None, typer.Option(help="Local day; default: all days.")] = None,
    by: Annotated[
        str, typer.Option(help="Rank by probability, or by expected_revenue times it.")
    ] = "probability",
    verify: Annotated[
        Path | None, typer.Option(help="Replay the draw of this selection instead of making one.")
    ] = None,
    record: Annotated[
        bool, typer.Option("--record", help="Also take the list into the ledger, as cases.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the table as JSON.")] = False,
) -> None:
    """Fill each capacity: mandatory picks, the most probable, and some at random."""
    if (out is None) == (verify is None):
        raise UsageError("give either --out or --verify", "--out makes a list, --verify checks one")
    sources = {"scores": scores, "capacity": capacity, "watchlist": watchlist}
    digests = {name: _digest(path) for name, path in sources.items() if path is not None}
    if out is not None:
        logged = {"seed": secrets.randbits(63) if seed is None else seed, "by": by, "date": date}
        selection = _select(scores, capacity, watchlist, logged)
        audit = {"format": FORMAT, **logged, "sha256": digests, **_account(selection)}
        _write(selection, audit, out)
        _print(selection, out, as_json=as_json)
        if record:
            _record(selection, audit, quiet=as_json)
    elif verify is not None:
        logged = {"seed": seed, "by": by, "date": date}
        _verify(verify, scores, capacity, watchlist, logged, digests)


def _select(
    scores: Path, capacity: Path, watchlist: Path | None, logged: dict[str, Any]
) -> "Selection":
    from riskml.selection import select

    arrivals, rooms, entries = _inputs(scores, capacity, watchlist, logged["date"])
    return select(arrivals, rooms, seed=logged["seed"], watchlist=entries, by=logged["by"])


def _inputs(scores: Path, capacity: Path, watchlist: Path | None, date: str | None) -> Any:
    from riskml.config import parse_day
    from riskml.selection import prepare_arrivals, read_capacity, read_scores, read_watchlist

    day = None if date is None else parse_day(date, "--date")
    rooms = read_capacity(capacity)
    entries = () if watchlist is None else read_watchlist(watchlist)
    return prepare_arrivals(read_scores(scores), day), rooms, entries


def _account(selection: "Selection") -> dict[str, Any]:
    """Return what the audit file says beside seed and digests."""
    return {
        "selected": len(selection.picks),
        "strata": json.loads(selection.strata.to_json(orient="records")),
        "overflow": json.loads(selection.overflow.to_json(orient="records")),
    }


def _write(selection: "Selection", audit: dict[str, Any], out: Path) -> None:
    from riskml.reports.files import write_files
    from riskml.selection.spreadsheet import csv_bytes

    if out.suffix.lower() == ".csv":
        table = csv_bytes(selection.picks)
    else:
        buffer = io.BytesIO()
        selection.picks.to_parquet(buffer, index=False)
        table = buffer.getvalue()
    record = json.dumps(audit, ensure_ascii=False, indent=1, allow_nan=False)
    write_files({out: table, _audit_file(out): f"{record}\n".encode()})


def _audit_file(out: Path) -> Path:
    return out.with_name(f"{out.name}.audit.json")


def _record(selection: "Selection", audit: dict[str, Any], *, quiet: bool) -> None:
    from riskml.cases import record_selection
    from riskml.config import settings
    from riskml.ledger import Ledger

    with Ledger.open(settings().ledger_url) as ledger:
        done = record_selection(ledger, selection.picks, audit, settings().zone())
    if quiet:
        return
    say(f"in the ledger: {done.opened} cases opened")
    for what, names in (("without a score in the ledger", done.unscored),
                        ("with an open case already", done.busy)):  # fmt: skip
        if names:
            say(f"{len(names)} {what}, such as {names[0]}")


def _print(selection: "Selection", out: Path, *, as_json: bool) -> None:
    strata = selection.strata.drop(columns=["stratum", "expected_exploration"])
    strata["capacity"] = strata["capacity"].astype("Int64")  # a missing one is no fraction
    rows = json.loads(strata.to_json(orient="records"))
    if as_json:
        print_table(rows, as_json=True)
        return
    for line in _lines(rows):
        say(line)
    for row in rows:
        if not row["minimum_met"]:
            say(
                f"minimum scan rate missed: {row['office']} {row['date']} {row['mode']}:"
                f" {row['budget']} of {row['minimum']}"
            )
    if len(selection.overflow):
        say(f"mandatory, but beyond the capacity: {len(selection.overflow)} (see the audit file)")
    say(f"{len(selection.picks)} selected with seed {selection.seed}: {out}")
    say(f"for the auditor: {_audit_file(out)}")


def _lines(rows: list[dict[str, Any]]) -> Iterator[str]:
    """Lay the strata out as text: names from a file must not steer the terminal."""
    from riskml.reports.content import Column, Missing, Row, Table
    from riskml.reports.text import table_lines

    names = [name for name in rows[0] if name != "minimum_met"]
    columns = tuple(Column(name, "text" if name in TEXTS else "count") for name in names)
    cells = (
        tuple(Missing.NOT_APPLICABLE if row[name] is None else row[name] for name in names)
        for row in rows
    )
    yield from table_lines(Table("", columns, tuple(Row(row) for row in cells)), "en")


def _verify(
    listed: Path,
    scores: Path,
    capacity: Path,
    watchlist: Path | None,
    logged: dict[str, Any],
    digests: dict[str, str],
) -> None:
    from riskml.selection import read_scores, replay

    audit = _read_audit(_audit_file(listed))
    for name, digest in digests.items():
        if audit.get("sha256", {}).get(name, digest) != digest:
            say(f"note: this is not the {name} file that the audit file names")
    if logged["seed"] is None:
        logged = {key: audit.get(key, value) for key, value in logged.items()}
    arrivals, rooms, entries = _inputs(scores, capacity, watchlist, logged["date"])
    found = replay(
        read_scores(listed),
        arrivals,
        rooms,
        watchlist=entries,
        by=logged["by"],
        seed=logged["seed"],
    )
    for difference in found:
        say(str(difference))
    if found:
        raise DataError(
            f"{listed} is not what the draw gives (differences: {len(found)})",
            "keep it as evidence and ask who changed it",
        )
    say(f"{listed} is exactly what the draw gives")


def _read_audit(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UnreadableFileError(f"{path}: {error}", "restore it, or remove it") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise UnreadableFileError(
            f"{path} is no audit file of format {FORMAT}", "restore it, or remove it"
        )
    return content


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UnreadableFileError(
            f"{path}: {error.strerror or error}", "give a file that exists"
        ) from error
