"""``riskml evaluate``: metrics of a model on a period, beside its baselines, and the checks."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from riskml.cli.console import print_table, progress, say

__all__ = ["command"]


def command(
    data: Annotated[Path, typer.Option(help="Folder with the tables (Parquet).")],
    stage: Annotated[str, typer.Option(help="pre_arrival or declaration.")],
    model: Annotated[str, typer.Option(help="Bundle folder, runs:/... or models:/NAME@alias.")],
    from_: Annotated[str, typer.Option("--from", help="First local day judged.")],
    to: Annotated[str, typer.Option("--to", help="Last local day judged (inclusive).")],
    by: Annotated[
        str, typer.Option(help="What the bootstrap draws: party, consignment, day or office.")
    ] = "party",
    resamples: Annotated[int, typer.Option(min=10, help="Bootstrap resamples.")] = 500,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the bootstrap.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure a model on matured outcomes of a period, with intervals, and run the checks."""
    from riskml.bundle import Bundle
    from riskml.config import check_stage, day_end, day_start, parse_day
    from riskml.datasets import load_tables
    from riskml.errors import UsageError
    from riskml.evaluation.assessment import GROUPS, Plan
    from riskml.training.judging import evaluate_bundle
    from riskml.training.tracking import resolve_model

    check_stage(stage)
    if by not in GROUPS:
        # A shipment is what some services call a consignment.
        if by != "shipment":
            raise UsageError(f"--by {by!r} is unknown", f"use one of {', '.join(GROUPS)}")
        by = "consignment"
    first, last = parse_day(from_, "--from"), parse_day(to, "--to")
    if last < first:
        raise UsageError(f"--from {from_} is later than --to {to}", "swap them")
    bundle = Bundle.load(resolve_model(model))
    bundle.require_stage(stage)
    own = "manifests" if stage == "pre_arrival" else "declarations"
    tables = load_tables(data, need=(own, "inspections"))
    found = evaluate_bundle(
        tables,
        bundle,
        day_start(first),
        day_end(last),
        plan=Plan(by=by, resamples=resamples, seed=seed),
        progress=progress,
    )
    manifest = bundle.manifest
    report = {
        "period": {
            "from": from_,
            "to": to,
            "start_utc": day_start(first).isoformat(),
            "end_utc": day_end(last).isoformat(),
        },
        "stage": stage,
        "model_ref": model,
        "model_name": manifest.model_name,
        "model_digest": manifest.model_digest,
        "trained_until": manifest.training_window.until,
        **found,
    }
    if as_json:
        say(json.dumps(report, ensure_ascii=False, default=str))
    else:
        _print(report)


def _print(report: dict[str, Any]) -> None:
    say(
        f"{report['stage']}, {report['period']['from']} to {report['period']['to']}: "
        f"{report['arrivals']} arrivals, {report['labelled']} with an outcome "
        f"({report['immature']} too young to count), {report['rows']} judged, "
        f"{report['positives']} violations ({report['base_rate']:.2%})"
    )
    rivals = {"model": report["model"], **report["baselines"]}
    print_table(_rates(rivals), as_json=False, title="At inspection rates (95 % intervals)")
    whole = [
        {"metric": name, **{rival: _text(f.get(name)) for rival, f in rivals.items()}}
        for name in (
            "average_precision", "roc_auc", "brier", "log_loss", "ece", "observed_over_expected",
        )
    ]  # fmt: skip
    print_table(whole, as_json=False, title="Overall")
    for name in ("office", "mode", "origin"):
        print_table(_groups(report, name), as_json=False, title=f"Per {name}, at 5 % of the {name}")
    within = {name: figures["lift"] for name, figures in report["within_office"].items()}
    say(f"lift within offices at 5 %: {', '.join(f'{n} {_text(v)}' for n, v in within.items())}")
    for name in ("known_party", "unseen_party", "all_arrivals", "exploration"):
        say(f"{name.replace('_', ' ')}: {_weighted(report[name])}")
    _print_burden(report["burden"])
    _print_checks(report["checks"])


def _rates(rivals: dict[str, Any]) -> list[dict[str, Any]]:
    rates = rivals["model"]["at"]
    return [
        {
            "rate": f"{float(rate):.0%}",
            "score": rival,
            **{
                metric: _text(figures["at"][rate][metric])
                for metric in ("hit_rate", "recall", "lift", "revenue_recall")
            },
        }
        for rate in rates
        for rival, figures in rivals.items()
    ]


def _groups(report: dict[str, Any], group: str) -> list[dict[str, Any]]:
    names = ("rows", "positives", "hit_rate", "recall", "lift", "average_precision")
    return [
        {
            group: row[group] or "(none)",
            **{name: row.get(name) for name in names},
            "base rate": _text(row["base_rate"]),
        }
        for row in report[f"per_{group}"][:20]
    ]


def _print_burden(burden: dict[str, Any]) -> None:
    """Say which honest traders bear more, or less, than their share of false scans."""
    rows = [
        {
            "by": name,
            "group": group["group"],
            "honest": group["honest"],
            "false scans": round(group["false_scans"], 1),
            "share": _text(group["share"]),
            "over all": _text(group["ratio"]),
            "bears": group["verdict"],
        }
        for name, found in burden.items()
        for group in found.get("groups", [])[:20]
    ]
    print_table(rows, as_json=False, title="False scans of honest consignments, at 5 %")
    for name, found in burden.items():
        if found["status"] != "ok":
            say(f"false scans by {name}: not applicable, {found['reason']}")


def _weighted(part: dict[str, Any]) -> str:
    if part["status"] != "ok":
        return f"not applicable, {part['reason']}"
    precision = _text(part["model"]["average_precision"])
    at = part["model"]["at"].get("0.05", {})
    recall = _text(at.get("recall"))
    return f"{part['rows']} rows, average precision {precision}, recall at 5 % {recall}"


def _text(found: dict[str, float | None] | None) -> str:
    if found is None or found["value"] is None:
        return "-"
    if found["low"] is None or found["high"] is None:
        return f"{found['value']:.3f}"
    return f"{found['value']:.3f} ({found['low']:.3f}, {found['high']:.3f})"


def _print_checks(checks: list[dict[str, Any]]) -> None:
    for check in checks:
        say(f"{check['code']} {check['status']}: {check['title']}. {check['sentence']}")
    leak = checks[0]["details"]
    if checks[0]["status"] == "found":
        say(
            f"beside the headline: the look-up on ({', '.join(leak['columns'])}) has hit rate "
            f"{leak['lookup_hit_rate']:.3f} at {leak['rate']:.0%}, the model "
            f"{leak.get('model_hit_rate', float('nan')):.3f}"
        )
