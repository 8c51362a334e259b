"""The figure that counts: what the default policy finds, beside what could be found.

``python -m benchmarks.policies`` simulates worlds of several seeds with a planted shift of fraud
pattern, rehearses policies and references in each of them under one capacity, and prints what each
found as percent of *full information* (our own model trained on every true label of the past,
without selection or delay) and of the *oracle* (the world's true probabilities), how many times
what rules find, and how expected violations found, in 4-week windows averaged over the seeds,
recover after the shift, absolutely and as a share of what the oracle finds in the same weeks.

Seeds run in parallel processes; what is finished is kept in ``--out`` and not done again, and a
part of the seeds can be shown with ``--finished``. The ``--warm-up`` days before the two years of
the default world belong to the legacy policy: its outcomes are the common start of all.
"""

import argparse
import resource
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from riskml.datasets.simulation import build_config, default_start, write_world
from riskml.policy.learner import Learner
from riskml.policy.replay import Setup
from riskml.policy.running import Outcome, Task, run_task
from riskml.policy.summary import BEFORE, ENOUGH, WINDOW, recovery, summarise, windows
from riskml.selection.capacity import Capacity
from riskml.training.definition import load_stage_definition

POLICIES = "legacy,rules,model,model_exploration,full_information,oracle"
DEFAULT, FULL, ORACLE = "model_exploration", "full_information", "oracle"
LEARNING = ("prior", "trust", "presumed", "suspicion", "boosters")
"""Settings of the learner that can be given."""
SHOWN = (
    "policy", "inspected %", "expected", "violations", "hit rate %", "recall %",
    "% of full_information", "% of oracle", "times rules", "times legacy",
    "revenue % of oracle",
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """What is run for each seed."""

    scale: float
    days: int
    warm_up: int
    shift_after: int
    policies: tuple[str, ...]
    rate: float
    share: float
    stage: str
    out: Path
    finished: bool
    learner: Learner

    @property
    def first(self) -> date:
        """First rehearsed day, on which the default world begins."""
        return default_start(build_config({}))

    @property
    def start(self) -> date:
        """First day of the world, as much earlier as the legacy policy ruled."""
        return self.first - timedelta(days=self.warm_up)

    @property
    def last(self) -> date:
        """Last rehearsed day."""
        return self.first + timedelta(days=self.days - 1)

    @property
    def shift(self) -> date | None:
        """Day of the planted shift."""
        return self.first + timedelta(days=self.shift_after) if self.shift_after else None

    def folder(self, seed: int) -> Path:
        """Return where a seed's world and rehearsals lie."""
        lengths = f"warm-up-{self.warm_up}-days-{self.days}"
        name = f"seed-{seed}-scale-{self.scale:g}-{lengths}-shift-{self.shift}"
        return self.out / name


def run_seed(seed: int, plan: Plan) -> tuple[Outcome, float] | None:
    """Simulate and rehearse a seed; None if it is not finished and nothing shall be done."""
    folder, began = plan.folder(seed), time.process_time()
    task = Task(
        data=folder / "world",
        stage=plan.stage,
        first=plan.first,
        last=plan.last,
        policies=plan.policies,
        setup=Setup(
            Capacity.everywhere(plan.rate),
            plan.learner,
            share=plan.share,
            seed=seed,
        ),
        out=folder,
    )
    if plan.finished and not all(map(task.finished, plan.policies)):
        return None
    if not (folder / "world" / "truth.parquet").exists():
        shift = {} if plan.shift is None else {"shift": {"day": plan.shift}}
        making = folder / "making"
        shutil.rmtree(making, ignore_errors=True)
        write_world(
            making, build_config(shift), start=plan.start, days=plan.warm_up + plan.days,
            scale=plan.scale, seed=seed,
        )  # fmt: skip
        making.rename(folder / "world")
    outcome = run_task(task)
    return outcome, time.process_time() - began


def main() -> None:
    """Run the seeds and print the tables."""
    plan, seeds, jobs = _options()
    work = partial(run_seed, plan=plan)
    if jobs == 1:
        found = [(seed, work(seed)) for seed in seeds]
    else:
        with ProcessPoolExecutor(jobs) as pool:
            found = list(zip(seeds, pool.map(work, seeds), strict=True))
    done = {seed: result for seed, result in found if result is not None}
    if not done:
        print("no seed is finished")
        return
    outcomes = [outcome for outcome, _ in done.values()]
    print(
        f"seeds {', '.join(map(str, done))}, scale {plan.scale:g}, {plan.stage}, rehearsed "
        f"{plan.first} to {plan.last} after {plan.warm_up} days of the legacy policy; "
        f"{plan.rate:.0%} of each office's day, {plan.share:.0%} of it explored by {DEFAULT}; "
        f"{', '.join(f'{name} {getattr(plan.learner, name):g}' for name in LEARNING)}; "
        f"CPU {sum(seconds for _, seconds in done.values()):.0f} s, "
        f"peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB"
    )
    _totals(outcomes)
    _seeds(done)
    if plan.shift is not None:
        _shift(outcomes, plan.shift)


def _options() -> tuple[Plan, list[int], int]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--days", type=int, default=730, help="rehearsed")
    parser.add_argument("--warm-up", type=int, default=730, help="days before: legacy policy")
    parser.add_argument("--shift-after", type=int, default=546, help="days; 0 plants none")
    parser.add_argument("--policies", default=POLICIES)
    parser.add_argument("--rate", type=float, default=0.05)
    parser.add_argument("--exploration", type=float, default=0.05)
    parser.add_argument("--stage", default="declaration")
    usual = Learner(load_stage_definition("declaration"))
    for name in LEARNING:
        kind, value = type(getattr(usual, name)), getattr(usual, name)
        parser.add_argument(f"--{name}", type=kind, default=value, help="of the learner")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("backtests"))
    parser.add_argument("--finished", action="store_true", help="show finished seeds alone")
    given = parser.parse_args()
    learner = Learner(
        load_stage_definition(given.stage),
        **{name: getattr(given, name) for name in LEARNING},
    )
    plan = Plan(
        given.scale, given.days, given.warm_up, given.shift_after,
        tuple(given.policies.split(",")), given.rate, given.exploration, given.stage, given.out,
        given.finished, learner,
    )  # fmt: skip
    return plan, list(range(given.first_seed, given.first_seed + given.seeds)), given.jobs


def _totals(outcomes: list[Outcome]) -> None:
    daily = pd.concat([each.daily for each in outcomes])
    rows = summarise(daily, pd.concat([each.total for each in outcomes]))
    print("\nall seeds together (expected: sum of the true probabilities of the picks)")
    _print([{name: row.get(name) for name in SHOWN} for row in rows])
    print("\nof a seed, on average: violations known at first and at last, processor seconds")
    known = daily.groupby(["policy", "date"], sort=False)["violations_known"].mean()
    _print(
        [
            {
                "policy": name,
                "known at first": float(known[name].iloc[0]),
                "at last": float(known[name].iloc[-1]),
                "CPU s": float(np.mean([each.seconds[name] for each in outcomes])),
            }
            for name in daily["policy"].unique()
        ]
    )
    halves = []
    middle = sorted(daily["date"].unique())[len(daily["date"].unique()) // 2]
    for name, own in daily.groupby("policy", sort=False):
        late = own["date"] >= middle
        halves.append((name, own.loc[~late, "expected"].sum(), own.loc[late, "expected"].sum()))
    full = {name: (a, b) for name, a, b in halves}.get(FULL)
    if full is not None:
        print(f"\n% of {FULL}, days before and from {middle}")
        _print(
            [
                {"policy": n, "before": 100 * a / full[0], "from": 100 * b / full[1]}
                for n, a, b in halves
            ]
        )


def _seeds(done: dict[int, tuple[Outcome, float]]) -> None:
    rows = []
    for seed, (outcome, _) in done.items():
        own = {row["policy"]: row for row in summarise(outcome.daily, outcome.total)}
        chosen = own.get(DEFAULT)
        if chosen is not None:
            names = ("expected", f"% of {FULL}", f"% of {ORACLE}", "times rules", "times legacy")
            rows.append({"seed": seed, **{name: chosen.get(name) for name in names}})
    if rows:
        print(f"\n{DEFAULT}, seed by seed")
        _print(rows)


def _shift(outcomes: list[Outcome], shift: date) -> None:
    print(
        f"\nshift on {shift}: expected violations found in windows of {WINDOW} days, mean of "
        f"{len(outcomes)} seeds; former level: windows -{BEFORE} to -1"
    )
    together = pd.concat([each.daily for each in outcomes])
    mean = together.groupby(["policy", "date"], sort=False)["expected"].sum() / len(outcomes)
    daily = mean.reset_index()
    oracle = daily[daily["policy"] == ORACLE].set_index("date")["expected"]
    rows = []
    for name, own in daily.groupby("policy", sort=False):
        # As a share of what the oracle finds in the same weeks: what there is to find changes too.
        row = {"policy": name, **_levels(own, shift), "weeks to 90 %": recovery(own, shift)}
        if len(oracle):
            smooth = oracle.rolling(WINDOW, center=True, min_periods=1).mean()
            part = own["expected"].to_numpy() / smooth.loc[own["date"]].to_numpy()
            row["weeks, against oracle"] = recovery(own.assign(expected=part), shift)
        rows.append(row)
    _print(rows)
    print(f"goal: {ENOUGH:.0%} of the former level within 8 weeks, pure exploitation not")


def _levels(own: pd.DataFrame, shift: date) -> dict[str, float]:
    found = windows(own, shift)
    former = float(found[(found.index < 0) & (found.index >= -BEFORE)].mean())
    later = {f"w{n} %": 100 * found[n] / former for n in found.index if 0 <= n < 6}
    return {"former": former, **later}


def _print(rows: list[dict[str, object]]) -> None:
    heads = list(rows[0])
    cells = [[_cell(row[head]) for head in heads] for row in rows]
    width = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    for line in _lines(heads, cells):
        print("  ".join(cell.rjust(w) for cell, w in zip(line, width, strict=True)))


def _lines(heads: list[str], cells: list[list[str]]) -> Iterator[list[str]]:
    yield heads
    yield from cells


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return "-"
    return f"{value:.1f}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
