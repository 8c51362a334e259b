"""``riskml train``: fit a stage's model, track it, register it, write its bundle."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from riskml.cli.console import progress, say
from riskml.cli.engine import Engine, SchedulerOption, cluster_of

if TYPE_CHECKING:
    from riskml.training.run import TrainingRun
    from riskml.training.tracking import TrackedRun

__all__ = ["Data", "Model", "Stage", "Until", "command"]


Data = Annotated[Path, typer.Option(help="Folder with the tables (Parquet).")]
Stage = Annotated[str, typer.Option(help="pre_arrival or declaration.")]
Until = Annotated[
    str | None, typer.Option(help="Only what was known before this local day (exclusive).")
]
Model = Annotated[
    Path | None, typer.Option(help="Model definition (TOML); by default the shipped one.")
]


def command(
    data: Data,
    stage: Stage,
    until: Until = None,
    model: Model = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the bundle.")] = None,
    engine: Annotated[
        Engine,
        typer.Option(
            help="In this process, which is recommended; or history and boosters on Dask "
            "workers, whose boosters depend on how many workers there are."
        ),
    ] = Engine.LOCAL,
    scheduler: SchedulerOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Train on labels known before a date, calibrate, log the run to MLflow and register it."""
    from riskml.config import check_stage, day_start, parse_day
    from riskml.datasets import load_tables
    from riskml.training.definition import load_stage_definition
    from riskml.training.run import train_stage

    check_stage(stage)
    cut = None if until is None else day_start(parse_day(until, "--until"))
    definition = load_stage_definition(stage, model)
    own = "manifests" if stage == "pre_arrival" else "declarations"
    tables = load_tables(data, need=(own, "inspections"))
    with cluster_of(engine, scheduler) as cluster:
        run = train_stage(tables, definition, until=cut, progress=progress, cluster=cluster)
    from riskml.training.tracking import log_run

    # The bundle is written first: if its folder cannot be, nothing is registered.
    if out is not None:
        run.model.bundle.save(out)
    for _ in progress(["run"], "Tracking", 1):
        tracked = log_run(run, {"data": str(data)})
    found = _facts(run, tracked, out)
    if as_json:
        say(json.dumps(found, ensure_ascii=False))
        return
    for line in _lines(found):
        say(line)


def _facts(run: "TrainingRun", tracked: "TrackedRun", out: Path | None) -> dict[str, Any]:
    manifest = run.model.bundle.manifest
    window = manifest.training_window
    report = run.report
    return {
        "run_id": tracked.run_id,
        "experiment": tracked.experiment,
        "model_name": tracked.model_name,
        "version": tracked.version,
        "model_ref": f"models:/{tracked.model_name}/{tracked.version}",
        "model_digest": manifest.model_digest,
        "bundle": None if out is None else str(out),
        "rows": window.rows,
        "positives": window.positives,
        "until": window.until,
        "rounds": run.model.folds.rounds,
        "average_precision": report["model"]["average_precision"] if report else None,
        "observed_over_expected": report["model"]["observed_over_expected"] if report else None,
        "checks": [c for c in report.get("checks", []) if c["status"] == "found"],
        "notes": list(run.model.notes),
    }


def _lines(found: dict[str, Any]) -> list[str]:
    lines = [
        f"trained {found['model_name']} on {found['rows']} labelled consignments, "
        f"{found['positives']} violations, labels known before {found['until']}",
        f"run {found['run_id']} in experiment {found['experiment']}",
        f"version {found['version']} ({found['model_ref']}, alias challenger)",
    ]
    precision = found["average_precision"]
    if precision is not None and precision["value"] is not None:
        low, high = precision["low"], precision["high"]
        interval = "" if low is None else f" ({low:.3f} to {high:.3f})"
        lines.append(f"average precision on later slices {precision['value']:.3f}{interval}")
    lines += [f"{check['code']} {check['sentence']}" for check in found["checks"]]
    lines += [f"note: {note}" for note in found["notes"]]
    if found["bundle"]:
        lines.append(f"bundle {found['bundle']}")
    return lines
