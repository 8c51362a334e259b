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
    version: Annotated[str, typer.Option(help="Registered version to promote.")],
    data: Annotated[
        Path | None, typer.Option(help="Folder with the tables, to judge on a period of them.")
    ] = None,
    from_: Annotated[str | None, typer.Option("--from", help="First local day judged.")] = None,
    to: Annotated[str | None, typer.Option("--to", help="Last local day judged.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Let a version serve if it passes the gates of its definition.

    Without a period of --data it is judged on the later slices that its training run kept.
    """
    from riskml.config import check_stage
    from riskml.training.promotion import carry_out, consider

    check_stage(stage)
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
