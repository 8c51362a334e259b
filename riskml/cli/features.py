"""``riskml features``: the training set of a stage, one row per consignment."""

from pathlib import Path
from typing import Annotated

import typer

from riskml.cli.console import print_table, progress, say
from riskml.cli.engine import Engine, EngineOption, SchedulerOption, cluster_of

__all__ = ["command"]


def command(
    data: Annotated[Path | None, typer.Option(help="Folder with the tables (Parquet).")] = None,
    stage: Annotated[str, typer.Option(help="pre_arrival or declaration.")] = "declaration",
    out: Annotated[Path | None, typer.Option(help="Parquet file to write.")] = None,
    engine: EngineOption = Engine.LOCAL,
    scheduler: SchedulerOption = None,
    describe: Annotated[bool, typer.Option("--describe", help="Print the catalogue.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compute features, labels, maturity and propensity of every consignment, point in time."""
    from riskml.config import check_stage
    from riskml.errors import UsageError

    check_stage(stage)
    if describe:
        title, rows = _catalogue(data, stage)
        print_table(rows, as_json=as_json, title=title)
        return
    if data is None or out is None:
        raise UsageError("--data and --out are both needed", "or use --describe")
    from riskml.datasets import load_tables, write_table
    from riskml.history.distributed import engine_on
    from riskml.training.dataset import build_training_set

    own = "manifests" if stage == "pre_arrival" else "declarations"
    tables = load_tables(data, need=(own,))
    with cluster_of(engine, scheduler) as cluster:
        training_set = build_training_set(
            tables, stage, progress=progress, engine=engine_on(cluster)
        )
    write_table(training_set.frame, out)
    frame = training_set.frame
    row = {
        "rows": len(frame),
        "features": len(training_set.feature_set.names),
        "labelled": int(frame["label"].notna().sum()),
        "violations": int((frame["label"] == 1).sum()),
        "matured": int(frame["matured"].sum()),
        "feature_set": training_set.feature_set.digest[:12],
        "file": str(out),
    }
    if as_json:
        print_table([row], as_json=True)
    else:
        say(", ".join(f"{name} {value}" for name, value in row.items()))


def _catalogue(data: Path | None, stage: str) -> tuple[str, list[dict[str, object]]]:
    """Return the name of the default feature set, and a row for each feature in its order."""
    from riskml.features.catalogue import extra_columns, feature_set

    extras: tuple[tuple[str, str], ...] = ()
    if data is not None:
        from riskml.datasets import load_tables

        own = "manifests" if stage == "pre_arrival" else "declarations"
        extras = extra_columns(load_tables(data, need=(own,)), stage)
    found = feature_set(stage, extras)
    title = (
        f"Features at {stage}: {found.name} v{found.version}, {len(found.names)} features, "
        f"digest {found.digest[:12]}"
    )
    return title, [
        {
            "name": feature.name,
            "kind": feature.kind,
            "family": feature.family,
            "english": feature.description_en,
            "vietnamese": feature.description_vi,
            "unit": feature.unit,
            "sign": feature.sign,
            "sources": ", ".join(feature.sources),
        }
        for feature in found.features
    ]
