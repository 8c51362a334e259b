"""``riskml tune``: search a model definition's parameters, write the better ones."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from riskml.cli.console import progress, say
from riskml.cli.train import Data, Model, Stage, Until

if TYPE_CHECKING:
    from riskml.training.tuning.tune import Comparison, Tuned

__all__ = ["command"]


def command(
    data: Data,
    stage: Stage,
    out: Annotated[Path, typer.Option(help="File for the model definition (TOML).")],
    until: Until = None,
    model: Model = None,
    trials: Annotated[
        int, typer.Option(min=1, help="Trials in all, those of an interrupted run included.")
    ] = 50,
    jobs: Annotated[
        int, typer.Option(min=1, help="Trials at once; with more than 1 results may differ.")
    ] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the search.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Search better parameters on time-ordered slices; the same command resumes a killed search.

    The objective and the space stand in the definition's part tuning. Trials are kept under
    RISKML_HOME and, as nested runs, in MLflow. The file written holds the best parameters if they
    were told apart from the definition's own, else those; riskml train --model takes it.
    """
    from riskml.config import check_stage, day_start, parse_day
    from riskml.training.definition import load_stage_definition

    check_stage(stage)
    cut = None if until is None else day_start(parse_day(until, "--until"))
    definition = load_stage_definition(stage, model)
    from riskml.datasets import load_tables
    from riskml.training.dataset import build_training_set
    from riskml.training.rows import label_hint
    from riskml.training.tracking.studies import StudyRuns
    from riskml.training.tuning.tune import tune
    from riskml.training.tuning.writing import write_definition

    own = "manifests" if stage == "pre_arrival" else "declarations"
    tables = load_tables(data, need=(own, "inspections"))
    found = build_training_set(
        tables, stage, cut, definition.feature_set, only_inspected=True, progress=progress
    )
    with StudyRuns(definition, {"data": str(data)}) as runs:
        tuned = tune(
            found.frame,
            found.feature_set,
            definition,
            trials=trials,
            seed=seed,
            jobs=jobs,
            until=cut,
            hint=label_hint(tables, stage),
            on_trial=runs.log,
            progress=progress,
        )
        write_definition(tuned, out)
        run_id = runs.finish(tuned)
    facts = _facts(tuned, run_id, out)
    for line in [json.dumps(facts, ensure_ascii=False)] if as_json else _lines(tuned, facts):
        say(line)


def _facts(tuned: "Tuned", run_id: str, out: Path) -> dict[str, Any]:
    states = tuned.trials["state"].value_counts()
    return {
        "study": tuned.study,
        "folder": str(tuned.folder),
        "run_id": run_id,
        "objective": tuned.objective,
        "trials": {str(state): int(count) for state, count in states.items()},
        "best_trial": tuned.best_trial,
        "adopted": tuned.adopted,
        "searched": tuned.searched.to_dict(),
        "unseen": tuned.unseen.to_dict(),
        "importance": dict(
            zip(tuned.importance["name"], tuned.importance["importance"], strict=True)
        ),
        "definition": str(out),
    }


def _lines(tuned: "Tuned", facts: dict[str, Any]) -> list[str]:
    counted = ", ".join(f"{count} {state}" for state, count in facts["trials"].items())
    kept = (
        f"trial {tuned.best_trial} replaces the definition's own parameters"
        if tuned.adopted
        else f"trial {tuned.best_trial} was not told apart from the definition's own parameters, "
        "which stay"
    )
    return [
        f"study {tuned.study}: {counted}",
        f"objective: {tuned.objective}",
        f"searched slices (the best is flattered by choice): {_compared(tuned.searched)}",
        f"last slice, which no trial saw: {_compared(tuned.unseen)}",
        kept,
        f"run {facts['run_id']}",
        f"definition {facts['definition']}",
    ]


def _compared(found: "Comparison") -> str:
    if found.own is None or found.best is None:
        return f"nothing to compare ({found.positives} violations)"
    gain = found.gain
    bounds = "" if gain.low is None else f" ({gain.low:+.3f} to {gain.high:+.3f})"
    return (
        f"own {found.own:.3f}, best {found.best:.3f}, difference "
        f"{found.best - found.own:+.3f}{bounds}, {found.positives} violations"
    )
