"""The main job on the simulated world, from nothing to an audited, explained score.

``python -m pipelines.demo`` is what ``riskml demo`` starts. Each step is one of the flows beside
this file or a call of the library; a customs service takes them apart and schedules them.
"""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from riskml.cli.console import print_table, progress, say
from riskml.config import STAGES, day_end, day_start, settings, silence_telemetry

if TYPE_CHECKING:
    from riskml.datasets import Tables
    from riskml.training.dataset import TrainingSet

silence_telemetry()

QUARTER = (date(2020, 7, 1), date(2020, 9, 30))
"""The reference quarter: judged, never trained on."""
SHOWN = ("rate", "ranking", "hit_rate", "recall", "lift", "revenue_recall")


@dataclass(frozen=True)
class Plan:
    """What the demo runs on.

    Attributes
    ----------
    home : Path
        Everything is written below it.
    start : date
        First simulated local day.
    scale : float
        1.0 is the reference volume.
    seed : int
        Of the simulated world.
    port : int
        Of the service; 0 takes a free one.
    """

    home: Path
    start: date
    scale: float
    seed: int
    port: int

    @property
    def folder(self) -> Path:
        """Folder of the demo's own files."""
        return self.home / "demo"

    @property
    def data(self) -> Path:
        """Folder of the simulated tables."""
        return self.folder / "data"


class Steps:
    """Numbers the steps and says how long each took."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._begin = time.monotonic()

    @contextmanager
    def __call__(self, what: str) -> Iterator[None]:
        """Announce a step and its duration."""
        self._done += 1
        say(f"[{self._done}/{self._total}] {what}")
        begin = time.monotonic()
        yield
        say(f"      done in {time.monotonic() - begin:.1f} s")
        sys.stdout.flush()

    @property
    def elapsed(self) -> float:
        """Seconds since the first step."""
        return time.monotonic() - self._begin


def run(plan: Plan) -> None:
    """Run the whole job."""
    from pipelines.training_sets import build_training_sets

    steps = Steps(9)
    with steps(f"Simulate {plan.start} to {QUARTER[1]}, scale {plan.scale:g}, seed {plan.seed}"):
        _simulate(plan)
    with steps("Validate the tables"):
        tables = _validate(plan)
    start, end = day_start(QUARTER[0]), day_end(QUARTER[1])
    with steps(f"Build the training sets of both stages, as known before {QUARTER[0]}"):
        sets = build_training_sets(tables, start, plan.folder / "training_sets", progress=progress)
        for stage, found in sets.items():
            rows, columns = len(found.frame), len(found.feature_set.names)
            say(f"      {stage}: {rows:,} inspected consignments, {columns} features")
    with steps("Train and calibrate both stages, track and register in MLflow"):
        versions = {stage: _train(tables, sets[stage], start) for stage in STAGES}
    with steps("Promote through the gates"):
        for stage, version in versions.items():
            _promote(stage, version)
    with steps(f"Compare on all arrivals of {QUARTER[0]} to {QUARTER[1]}, by the world's truth"):
        for stage in STAGES:
            _compare(plan, tables, stage, start, end)
    with steps("Serve, and score a day of arrivals over HTTP"):
        _serve_a_day(plan, tables, end - timedelta(days=1), end)
    with steps("Verify the ledger"):
        _verify()
    with steps("Report the quarter"):
        _report(plan)
    _summary(plan, steps.elapsed)


def _simulate(plan: Plan) -> None:
    from riskml.datasets.simulation import write_world

    # A month more, so that the quarter's last manifests meet their declarations.
    days = (QUARTER[1] - plan.start).days + 32
    write_world(
        plan.data,
        start=plan.start,
        days=days,
        scale=plan.scale,
        seed=plan.seed,
        progress=progress,
    )
    _link_history(plan)


def _link_history(plan: Plan) -> None:
    """Let ``riskml serve`` start from the demo's tables, unless it has others already."""
    link = plan.home / "history"
    if link.is_symlink():
        link.unlink()
    if not link.exists():
        link.symlink_to(plan.data.resolve(), target_is_directory=True)


def _validate(plan: Plan) -> "Tables":
    from riskml.datasets import load_tables

    tables = load_tables(plan.data, need=("manifests", "declarations", "inspections"))
    for name in ("manifests", "declarations", "inspections"):
        bad = tables.quarantined.get(name)
        say(
            f"      {name}: {len(tables.require(name)):,} rows, "
            f"{0 if bad is None else bad['row'].nunique()} quarantined"
        )
    return tables


def _train(tables: "Tables", found: "TrainingSet", until: datetime) -> str:
    from pipelines.train import train_model

    run, tracked = train_model(tables, found, until, progress=progress)
    window = run.model.bundle.manifest.training_window
    say(
        f"      {tracked.model_name} version {tracked.version}: {window.rows:,} outcomes, "
        f"{window.positives} violations, MLflow run {tracked.run_id}"
    )
    return tracked.version


def _promote(stage: str, version: str) -> None:
    from riskml.training.promotion import promote

    decision = promote(stage, version)
    for gate in decision.gates:
        say(f"      {stage}: {gate.status} {gate.gate}: {gate.sentence}")


def _compare(plan: Plan, tables: "Tables", stage: str, start: datetime, end: datetime) -> None:
    from pipelines.compare import compare_on_truth, observed_over_expected, score_period
    from riskml.bundle import Bundle
    from riskml.datasets import write_table

    bundle = Bundle.load(settings().champion_folder(stage))
    scores = score_period(tables, bundle, start, end, progress=progress)
    write_table(scores, plan.folder / f"scores_{stage}.parquet")
    truth = plan.data / "truth.parquet"
    rows = compare_on_truth(scores, truth)
    (plan.folder / f"comparison_{stage}.json").write_text(json.dumps(rows, indent=1) + "\n")
    found = {key: rows[0][key] for key in ("arrivals", "violations")}
    title = f"{stage}: {found['arrivals']:,} arrivals, {found['violations']} true violations"
    print_table([{k: row[k] for k in SHOWN} for row in rows], as_json=False, title=title)
    ratio = observed_over_expected(scores, truth)
    say(f"      {stage}: observed over expected violations {ratio:.2f}")


def _serve_a_day(plan: Plan, tables: "Tables", start: datetime, end: datetime) -> None:
    from pipelines.score_day import score_day
    from riskml.ledger import Ledger
    from serving.harness import running_server

    with Ledger.open(settings().ledger_url) as ledger:
        _, engine = ledger.create_key("engine", None, "demo")
        _, auditor = ledger.create_key("auditor", None, "demo")
    answers: dict[str, Any] = {}
    with running_server(plan.home, data=plan.data, port=plan.port or None, timeout=180) as server:
        say(f"      {server.url} is ready")
        for stage in STAGES:
            answers[stage] = score_day(
                tables, stage, start, end, url=server.url, key=engine, progress=progress
            )
            failed = sum("error" in answer for answer in answers[stage])
            say(f"      {stage}: {len(answers[stage]):,} scored, {failed} refused")
        best = max(answers["declaration"], key=lambda a: a.get("probability", 0.0))
        explained = _explanation(server.url, auditor, best["score_id"])
    (plan.folder / "answers.json").write_text(json.dumps(answers, ensure_ascii=False) + "\n")
    (plan.folder / "explanation.json").write_text(
        json.dumps(explained, ensure_ascii=False, indent=1) + "\n"
    )
    say(f"      riskiest of the day: probability {best['probability']:.4f}, because")
    for reason in best["reasons"][:3]:
        say(f"        {reason['code']} ({reason['contribution']:+.2f}) {reason['text_en']}")


def _explanation(url: str, key: str, score_id: str) -> dict[str, Any]:
    import urllib.request

    request = urllib.request.Request(  # noqa: S310 - our own service, by http
        f"{url}/v1/scores/{score_id}", headers={"Authorization": f"Bearer {key}"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        found: dict[str, Any] = json.load(answer)
    return found


def _verify() -> None:
    from riskml.errors import LedgerError
    from riskml.ledger import Ledger

    with Ledger.open(settings().ledger_url) as ledger:
        found = ledger.verify()
    if not found.ok:
        raise LedgerError(f"the ledger does not verify: {found.problems[:3]}", "see ledger verify")
    say("      every chain of the ledger is intact")


def _report(plan: Plan) -> None:
    from riskml.reports.counts_table import count_folder
    from riskml.reports.files import write_files
    from riskml.reports.html import render_html
    from riskml.reports.period import period_report

    counts = count_folder(plan.data, first=QUARTER[0], last=QUARTER[1], office=None)
    for language in ("en", "vi"):
        page = render_html(period_report(counts, language, QUARTER[1]))
        write_files({plan.folder / "reports" / language / "period.html": page.encode()})


def _summary(plan: Plan, seconds: float) -> None:
    say("")
    say(f"The main job is done in {seconds:.0f} s. Its results:")
    for what, where in (
        ("tables", plan.data),
        ("training sets", plan.folder / "training_sets"),
        ("comparison with random, rules and oracle", plan.folder / "comparison_declaration.json"),
        ("champions (bundles)", settings().home / "champions"),
        ("answers of the service, with reasons", plan.folder / "answers.json"),
        ("a full explanation", plan.folder / "explanation.json"),
        ("report in English", plan.folder / "reports" / "en" / "period.html"),
        ("report in Vietnamese", plan.folder / "reports" / "vi" / "period.html"),
        ("ledger", settings().ledger_url),
        ("MLflow", settings().mlflow_uri),
    ):
        say(f"  {what}: {where}")
    say("Next: make serve, or .venv/bin/mlflow ui --backend-store-uri with the address above.")


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--start", type=date.fromisoformat, default=date(2018, 10, 1))
    parser.add_argument("--scale", type=float, default=0.3)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--keep", action="store_true", help="keep an earlier demo's results")
    given = parser.parse_args()
    plan = Plan(settings().home, given.start, given.scale, given.seed, given.port)
    if plan.folder.exists() and not given.keep:
        shutil.rmtree(plan.folder)
    plan.folder.mkdir(parents=True, exist_ok=True)
    from riskml.cli.console import fail
    from riskml.errors import RiskmlError

    try:
        run(plan)
    except RiskmlError as error:
        fail(error)


if __name__ == "__main__":
    main()
