"""``riskml promote``: gates, alias, exported bundle."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from riskml.cli.console import print_table, progress, say

if TYPE_CHECKING:
    from datetime import datetime

    from riskml.datasets import Tables

__all__ = ["command"]


def command(
    stage: Annotated[str, typer.Option(help="pre_arrival or declaration.")],
    version: Annotated[str | None, typer.Option(help="Registered version to promote.")] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder with the tables, to judge on a period of them.")
    ] = None,
    from_: Annotated[str | None, typer.Option("--from", help="First local day judged.")] = None,
    to: Annotated[str | None, typer.Option("--to", help="Last local day judged.")] = None,
    back: Annotated[
        bool, typer.Option("--back", help="Let the champion before this one serve again.")
    ] = False,
    reason: Annotated[str | None, typer.Option(help="Why to go back; kept in the ledger.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Let a version serve if it passes the gates of its definition, or go back to the one before.

    Without a period of --data it is judged on the later slices that its training run kept. Going
    back (--back --reason TEXT) asks no gate: it is for when the champion does harm.
    """
    from riskml.config import check_stage
    from riskml.errors import UsageError
    from riskml.training.promotion import carry_out, consider

    check_stage(stage)
    if back:
        if version is not None or not (reason or "").strip():
            raise UsageError("--back takes --reason and no --version", "say why to go back")
        _go_back(stage, str(reason), as_json)
        return
    if version is None:
        raise UsageError("--version is missing", "give the version that train printed, or --back")
    start, end, tables = _period(stage, data, from_, to)
    candidate = consider(stage, version, tables=tables, start=start, end=end, progress=progress)
    decision = candidate.decision
    if not as_json:
        rows = [
            {"gate": gate.gate, "status": gate.status, "why": gate.sentence}
            for gate in decision.gates
        ]
        print_table(rows, as_json=False, title=f"Gates, judged on {decision.period}")
    folder = carry_out(candidate)
    if as_json:
        say(json.dumps({**decision.to_dict(), "bundle": str(folder)}, default=str))
    else:
        say(f"{decision.model_name} version {decision.version} is champion: {folder}")


def _go_back(stage: str, reason: str, as_json: bool) -> None:
    from riskml.training.rollback import roll_back

    found = roll_back(stage, reason)
    if as_json:
        say(json.dumps({**found.to_dict(), "bundle": found.folder}, ensure_ascii=False))
    else:
        say(
            f"{found.model_name} version {found.version} is champion again, instead of "
            f"{found.left}: {found.folder}"
        )


def _period(
    stage: str, data: Path | None, first: str | None, last: str | None
) -> "tuple[datetime | None, datetime | None, Tables | None]":
    from riskml.config import day_end, day_start, parse_day
    from riskml.datasets import load_tables
    from riskml.errors import UsageError

    given = (data, first, last)
    if all(value is None for value in given):
        return None, None, None
    if data is None or first is None or last is None:
        raise UsageError("--data, --from and --to belong together", "give all three, or none")
    start, end = day_start(parse_day(first, "--from")), day_end(parse_day(last, "--to"))
    if end <= start:
        raise UsageError(f"--from {first} is later than --to {last}", "swap them")
    own = "manifests" if stage == "pre_arrival" else "declarations"
    return start, end, load_tables(data, need=(own, "inspections"))
