"""``riskml simulate``: write a world with known truth."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["command"]


def command(
    out: Annotated[Path, typer.Option("--out", help="Folder to write the tables to.")],
    start: Annotated[
        str | None,
        typer.Option(
            "--start",
            help="First local business day, YYYY-MM-DD; default: two years before the end of the "
            "quarter that the world is fitted to.",
            show_default="2018-10-01",
        ),
    ] = None,
    days: Annotated[int, typer.Option("--days", help="Number of business days.")] = 762,
    scale: Annotated[
        float, typer.Option("--scale", help="Factor on volumes; 1 is the published volume.")
    ] = 1.0,
    seed: Annotated[int, typer.Option("--seed", help="Seed; same seed, same bytes.")] = 7,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            help="TOML file with the parameters that differ from default, or a world that comes "
            "with riskml: 2023q1.",
        ),
    ] = None,
) -> None:
    """Simulate trade, inspections and their truth; truth.parquet is for judging only."""
    from riskml.cli.console import progress, say
    from riskml.config import parse_day
    from riskml.datasets.simulation import load_config, write_world

    rows = write_world(
        out,
        load_config(config),
        start=None if start is None else parse_day(start, "--start"),
        days=days,
        scale=scale,
        seed=seed,
        progress=progress,
    )
    for name, count in rows.items():
        say(f"{out / name}.parquet: {count:,} rows")
