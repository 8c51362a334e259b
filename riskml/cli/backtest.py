"""``riskml backtest``: rehearse policies day by day on a simulated world, feedback included."""

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from riskml.cli.console import print_table, progress, say

if TYPE_CHECKING:
    from riskml.policy.running import Outcome, Task

__all__ = ["command"]

DEFAULT = "random,legacy,rules,model,model_exploration,adaptive,full_information,oracle"


def command(
    data: Annotated[
        list[Path],
        typer.Option(help="Folder of a simulated world, with its truth; repeat it for several."),
    ],
    from_: Annotated[str, typer.Option("--from", help="First local day rehearsed.")],
    to: Annotated[str, typer.Option("--to", help="Last local day rehearsed (inclusive).")],
    policies: Annotated[str, typer.Option(help="Names, joined by commas.")] = DEFAULT,
    stage: Annotated[str, typer.Option(help="pre_arrival or declaration.")] = "declaration",
    capacity: Annotated[
        Path | None, typer.Option(help="Capacity of the offices: .csv or .toml.")
    ] = None,
    rate: Annotated[
        float, typer.Option(help="Without --capacity: share of each office's day.")
    ] = 0.05,
    exploration: Annotated[
        float, typer.Option(help="Share of the capacity that the default policy explores.")
    ] = 0.10,
    retrain: Annotated[int, typer.Option(min=1, help="Days between two trainings.")] = 7,
    shift: Annotated[
        str | None, typer.Option(help="Day of a planted shift: recovery is counted from it.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of draws, models and outcomes.")] = 0,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    out: Annotated[
        Path, typer.Option(help="Folder for frames, picture and what was finished.")
    ] = Path("backtest"),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Replay days under capacity: only what a policy picks gets outcomes, after their delay."""
    from riskml.config import parse_day
    from riskml.errors import UsageError
    from riskml.policy.learner import Learner
    from riskml.policy.replay import Setup
    from riskml.policy.running import Task, run_tasks
    from riskml.training.definition import load_stage_definition

    for value, option in ((rate, "--rate"), (exploration, "--exploration")):
        if not 0.0 <= value <= 1.0:
            raise UsageError(f"{option} {value:g} is no share", "give a number from 0 to 1")
    marked = None if shift is None else parse_day(shift, "--shift")
    names = tuple(name.strip() for name in policies.split(",") if name.strip())
    learner = Learner(load_stage_definition(stage), every=retrain)
    setup = Setup(_capacity(capacity, rate), learner, exploration, seed)
    days = parse_day(from_, "--from"), parse_day(to, "--to")
    tasks = [Task(folder, stage, *days, names, setup, out) for folder in data]
    outcome = run_tasks(tasks, workers=workers, progress=progress)
    _report(tasks[0], outcome, marked, as_json=as_json)


def _capacity(path: Path | None, rate: float) -> Any:
    from riskml.selection import Capacity, read_capacity

    return Capacity.everywhere(rate) if path is None else read_capacity(path)


def _report(task: "Task", outcome: "Outcome", shift: date | None, *, as_json: bool) -> None:
    from riskml.policy.honesty import WHY
    from riskml.policy.keeping import keep
    from riskml.policy.off_policy import NO_SUPPORT
    from riskml.policy.running import LOG
    from riskml.policy.summary import summarise

    rows = summarise(outcome.daily, outcome.total, shift)
    report = {
        "period": {"from": str(task.first), "to": str(task.last)},
        "stage": task.stage,
        "arrivals": int(outcome.total["arrivals"].sum()),
        "violations": int(outcome.total["violations"].sum()),
        "policies": rows,
        "rates": outcome.rates,
        "why the naive rate is off": WHY,
        "log of": LOG,
        "from the log": outcome.from_log,
        "without support": NO_SUPPORT,
    }
    files = keep(task.out, outcome, report, shift)
    if as_json:
        say(json.dumps(report, ensure_ascii=False))
        return
    say(
        f"{task.stage}, {task.first} to {task.last}: {report['arrivals']} arrivals, "
        f"{report['violations']} violations"
        + (f"; finished before: {', '.join(outcome.resumed)}" if outcome.resumed else "")
    )
    _tables(rows)
    print_table(_rates(outcome.rates), as_json=False, title="Violations among all arrivals, %")
    say(f"why: {WHY}.")
    if outcome.from_log:
        title = f"Hit rate of each policy, %, as the log of {LOG} alone would have told it (95 %)"
        print_table(_told(outcome.from_log), as_json=False, title=title)
        if any(found["unsupported"] > 0 for found in outcome.from_log.values()):
            say(f"no support: {NO_SUPPORT}.")
    say(f"written: {', '.join(str(path) for path in files)}")


def _tables(rows: list[dict[str, Any]]) -> None:
    """Print the figures in three tables narrow enough to read."""
    recalls = [name for name in rows[0] if name.startswith("recall ") and name != "recall %"]
    compared = [n for n in rows[0] if " of " in n or n.startswith(("times ", "weeks "))]
    found = [name for name in rows[0] if name not in {*recalls, *compared, "policy"}]
    for title, names in (
        ("Found", found),
        ("Expected violations and revenue against the references", compared),
        ("Recall by importer and by type of violation", recalls),
    ):
        if names:
            part = [{"policy": row["policy"], **{n: row[n] for n in names}} for row in rows]
            print_table(part, as_json=False, title=title)


def _rates(rates: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "log of": name,
            "truth": found["truth"],
            "unbiased (95 %)": _interval(found["unbiased"]),
            "naive (95 %)": _interval(found["naive"]),
        }
        for name, found in rates.items()
    ]


def _told(from_log: dict[str, Any]) -> list[dict[str, Any]]:
    from riskml.policy.off_policy import METHODS

    return [
        {
            "policy": name,
            "truth": found["truth"],
            **{method.replace("_", " "): _one(found, method) for method in METHODS},
            "width": _widths(found),
            "also in the log %": found["shared"],
            "no support %": found["unsupported"],
        }
        for name, found in from_log.items()
    ]


def _one(found: dict[str, Any], method: str) -> str:
    if found[method] is None and not found["unsupported"]:
        return "none: the log inspected none of them"
    return _interval(found[method])


def _widths(found: dict[str, Any]) -> str:
    from riskml.policy.off_policy import METHODS

    known = [found[method] for method in METHODS]
    return " / ".join("-" if each is None else f"{each['width']:.2f}" for each in known)


def _interval(found: dict[str, float] | None) -> str:
    if found is None:
        return "none: some had no chance"
    return f"{found['value']:.2f} ({found['low']:.2f} to {found['high']:.2f})"
