"""``riskml score``: batch scoring of a data folder."""

from pathlib import Path
from typing import Annotated

import typer

from riskml.cli.console import progress, say
from riskml.cli.engine import Engine, EngineOption, SchedulerOption, cluster_of

__all__ = ["command"]


def command(
    data: Annotated[Path, typer.Option(help="Folder with the tables (Parquet).")],
    stage: Annotated[str, typer.Option(help="pre_arrival or declaration.")],
    model: Annotated[str, typer.Option(help="Bundle folder, runs:/... or models:/NAME@alias.")],
    out: Annotated[Path, typer.Option(help="Parquet (or CSV) file to write.")],
    from_: Annotated[str | None, typer.Option("--from", help="First local day scored.")] = None,
    to: Annotated[str | None, typer.Option("--to", help="Last local day scored.")] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Add contributions and reasons.")
    ] = False,
    engine: EngineOption = Engine.LOCAL,
    scheduler: SchedulerOption = None,
) -> None:
    """Score consignments with history as known at each decision; each lodging is scored."""
    from riskml.bundle import Bundle
    from riskml.cli.period import Period
    from riskml.config import check_stage
    from riskml.datasets import load_tables, write_table
    from riskml.features.compute import compute_features
    from riskml.history.distributed import engine_on
    from riskml.scoring.distributed import scoring_on
    from riskml.training.tracking import resolve_model

    check_stage(stage)
    period = Period.parse(from_, to)
    bundle = Bundle.load(resolve_model(model))
    bundle.require_stage(stage)
    own = "manifests" if stage == "pre_arrival" else "declarations"
    tables = load_tables(data, need=(own,))
    with cluster_of(engine, scheduler) as cluster:
        frame = compute_features(
            tables,
            stage,
            bundle.feature_set,
            keep=lambda rows: period.mask(rows["decision_time"]),
            decisions="all",
            progress=progress,
            engine=engine_on(cluster),
        )
        scores = scoring_on(cluster)(bundle, frame, explain=explain, progress=progress)
    write_table(scores, out)
    say(f"scored {len(scores)} consignments with {bundle.manifest.model_name}: {out}")
