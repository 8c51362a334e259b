"""``riskml ledger``: proves that nothing was changed or lost."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from riskml.cli.console import print_table, progress, say
from riskml.errors import LedgerError, UsageError

if TYPE_CHECKING:
    from riskml.ledger import VerifyReport

__all__ = ["app"]

app = typer.Typer(
    help="Verify, export, back up and recompute what was recorded.", no_args_is_help=True
)

Trusted = Annotated[
    list[str] | None,
    typer.Option("--public-key", help="Trusted signer: hexadecimal key, or a .pub file."),
]


@app.command()
def verify(
    file: Annotated[
        Path | None, typer.Option(help="Verify this export instead of the database.")
    ] = None,
    against: Annotated[
        Path | None, typer.Option(help="An earlier export whose rows must all still be there.")
    ] = None,
    public_key: Trusted = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check every chain, head and signature; exit code 1 if anything is wrong."""
    if file is not None and against is not None:
        raise UsageError("--file and --against exclude each other", "verify one at a time")
    report = _verify(file, against, [_key(given) for given in public_key or ()])
    _print(report, as_json=as_json)
    if not report.ok:
        raise LedgerError(
            f"the ledger does not verify: {len(report.problems)} problems",
            "keep a copy of it as evidence, then restore a backup",
        )


@app.command()
def export(
    path: Annotated[Path, typer.Argument(help="File to write (JSON lines).")],
) -> None:
    """Sign the heads and write all rows to one file that proves itself."""
    from riskml.config import settings
    from riskml.ledger import Ledger

    with Ledger.open(settings().ledger_url, create=False) as ledger:
        rows = ledger.export(path, progress=progress)
    say(f"exported {rows} rows to {path}; check with: riskml ledger verify --file {path}")


@app.command()
def backup(
    path: Annotated[Path, typer.Argument(help="File to write (gzip).")],
) -> None:
    """Write the whole ledger to one file, while the service goes on."""
    from riskml.config import settings
    from riskml.ledger import Ledger, back_up

    with Ledger.open(settings().ledger_url, create=False) as ledger:
        rows = back_up(ledger, path, progress=progress)
    say(f"backed up {rows} rows to {path}; serving/OPERATIONS.md says what else to keep")


@app.command()
def restore(
    path: Annotated[Path, typer.Argument(help="A file of riskml ledger backup.")],
) -> None:
    """Fill the empty database of RISKML_DATABASE_URL from a backup, and verify it."""
    from riskml.config import settings
    from riskml.ledger import restore as work

    rows = work(settings().ledger_url, path, progress=progress)
    say(f"restored {rows} rows; every chain verifies")


@app.command()
def recompute(
    score_id: Annotated[str, typer.Argument(help="Identifier of the score.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Rebuild a score from the recorded events and compare it with what was answered."""
    from riskml.scoring.recompute import recompute as work

    result = work(score_id)
    print_table(result.rows(), as_json=as_json, title=f"score {score_id}")
    if not result.ok:
        raise LedgerError(
            f"score {score_id} cannot be reproduced", "compare the model and the events above"
        )


def _verify(file: Path | None, against: Path | None, trusted: list[str]) -> "VerifyReport":
    from riskml.config import settings
    from riskml.ledger import Ledger, verify_export

    if file is not None:
        return verify_export(file, trusted=trusted, progress=progress)
    with Ledger.open(settings().ledger_url, create=False) as ledger:
        return ledger.verify(against=against, trusted=trusted, progress=progress)


def _key(given: str) -> str:
    """Return a public key in hexadecimal, given as such or as the file that holds it."""
    text = given
    if Path(given).is_file():
        text = Path(given).read_text(encoding="utf-8", errors="replace")
    text = text.strip().lower()
    if len(text) != 64 or set(text) - set("0123456789abcdef"):
        raise UsageError(
            f"--public-key {given!r} is no Ed25519 key",
            "give 64 hexadecimal digits, or the file ledger-ed25519.pub",
        )
    return text


def _print(report: "VerifyReport", *, as_json: bool) -> None:
    from dataclasses import asdict

    if as_json:
        say(json.dumps({"ok": report.ok, "rows": report.rows, **asdict(report)}))
        return
    print_table([asdict(chain) for chain in report.chains], as_json=False, title="chains")
    if report.problems:
        rows = [asdict(problem) for problem in report.problems]
        print_table(rows, as_json=False, title="problems")
        return
    signed = f"{report.checkpoints} signed checkpoints, {report.unsigned_rows} rows behind the last"
    say(f"{report.rows} rows in {len(report.chains)} chains are as they were written; {signed}")
