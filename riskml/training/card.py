"""The model card: what a model is, from what, how good, and what it must not be used for."""

from collections.abc import Iterable
from typing import Any

from riskml.bundle import Manifest
from riskml.training.run import TrainingRun

__all__ = ["model_card"]


def model_card(run: TrainingRun) -> str:
    """Return the model card of a training run as Markdown."""
    definition, manifest = run.model.definition, run.model.bundle.manifest
    parts = [
        f"# {manifest.model_name}",
        definition.description or f"Risk of a violation at stage {manifest.stage}.",
        _origin(manifest),
        "## How good, on later slices of the training period",
        *_figures(run.report),
        "## Calibration and weights",
        _weights(run),
        "## Checks",
        *_checks(run.report),
        "## Limits",
        *(f"- {note}" for note in (*manifest.notes, *_LIMITS)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


_LIMITS = (
    "It ranks consignments for inspection; it is no proof of wrongdoing and must not be the only "
    "ground of a decision against a party.",
    "It knows only what was inspected in the past. What nobody ever looked for it cannot see; keep "
    "an exploration share.",
    "Probabilities hold for the population and the time they were fitted on; watch calibration.",
)


def _origin(manifest: Manifest) -> str:
    window = manifest.training_window
    lines = [
        f"- model digest `{manifest.model_digest}`",
        f"- feature set digest `{manifest.feature_set_digest}`",
        f"- decisions from {window.first_decision} to {window.last_decision}, labels known before "
        f"{window.until}",
        f"- {window.rows} labelled consignments, {window.positives} violations; maturity gap "
        f"{window.maturity_gap_days:.1f} days",
        *(f"- {name}: `{digest}`" for name, digest in manifest.data_digests.items()),
        *(f"- {name} {version}" for name, version in manifest.packages.items()),
    ]
    return "\n".join(["## Origin", "", *lines])


def _figures(report: dict[str, Any]) -> Iterable[str]:
    if not report:
        yield "No later slice could be judged."
        return
    yield (
        f"{report['rows']} consignments, {report['positives']} violations. Intervals: 95 %, "
        f"bootstrap by {report['bootstrap']['by']}."
    )
    lines = ["| rate | hit rate | recall | lift | revenue recall | rules: hit rate |"]
    lines.append("|---|---|---|---|---|---|")
    for rate, at in report["model"]["at"].items():
        rules = report["baselines"]["rules"]["at"][rate]["hit_rate"]
        shown = (at["hit_rate"], at["recall"], at["lift"], at["revenue_recall"], rules)
        lines.append(f"| {float(rate):.0%} | {' | '.join(map(_interval, shown))} |")
    yield "\n".join(lines)
    model = report["model"]
    yield (
        f"Average precision {_interval(model['average_precision'])} (random "
        f"{report['base_rate']:.4f}), ROC AUC {_interval(model['roc_auc'])}, observed over "
        f"expected {_interval(model['observed_over_expected'])}."
    )


def _interval(found: dict[str, float | None]) -> str:
    value, low, high = found["value"], found["low"], found["high"]
    if value is None:
        return "undefined"
    if low is None or high is None:
        return f"{value:.3f}"
    return f"{value:.3f} ({low:.3f} to {high:.3f})"


def _weights(run: TrainingRun) -> str:
    calibrator, report = run.model.bundle.calibrator, run.model.weights
    return (
        f"Calibrator {calibrator.method} (a = {calibrator.a:.4f}, b = {calibrator.b:.4f}, "
        f"c = {calibrator.c:.4f}). Of {report.rows} rows {report.with_propensity} had a logged "
        f"propensity; {report.clipped} weights were clipped; effective sample size "
        f"{report.effective_rows:.0f} ({report.effective_positives:.0f} violations). "
        f"{report.unverified} zeros were never verified by opening."
    )


def _checks(report: dict[str, Any]) -> Iterable[str]:
    if not report:
        yield "Not run: no later slice could be judged."
        return
    lines = ["| code | looks for | status | finding |", "|---|---|---|---|"]
    for check in report["checks"]:
        cells = (check["code"], check["title"], check["status"], check["sentence"])
        lines.append("| " + " | ".join(str(cell).replace("|", "/") for cell in cells) + " |")
    yield "\n".join(lines)
