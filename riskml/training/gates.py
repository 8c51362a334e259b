"""Gates: what a challenger must reach on a later period before it may serve."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from riskml.bundle import Bundle
from riskml.evaluation.assessment import Scored
from riskml.evaluation.intervals import bootstrap_intervals, group_codes
from riskml.evaluation.metrics import average_precision, observed_over_expected
from riskml.evaluation.summary import Rows, difference
from riskml.training.definition import Gates

__all__ = ["Contest", "GateResult", "PromotionDecision", "decide"]

RATE = 0.05
RESAMPLES = 300
MOST_WEIGHT = 1000.0


@dataclass(frozen=True)
class GateResult:
    """One gate's answer.

    Attributes
    ----------
    gate : str
        Its name.
    status : {"passed", "refused", "not_applicable"}
    sentence : str
        Why, with the numbers.
    """

    gate: str
    status: Literal["passed", "refused", "not_applicable"]
    sentence: str


@dataclass(frozen=True)
class PromotionDecision:
    """Whether a version may serve, and why.

    Attributes
    ----------
    stage, model_name, version, model_digest : str
        The challenger.
    champion_version : str or None
        Whom it was compared with.
    promoted : bool
    gates : tuple of GateResult
        Every gate, passed or not.
    period : str
        What both were judged on.
    evidence : dict
        Numbers behind the gates.
    """

    stage: str
    model_name: str
    version: str
    model_digest: str
    champion_version: str | None
    promoted: bool
    gates: tuple[GateResult, ...]
    period: str
    evidence: dict[str, Any]

    @property
    def reason(self) -> str:
        """One line: what refused it, or that all gates were passed."""
        refused = [gate.sentence for gate in self.gates if gate.status == "refused"]
        return "; ".join(refused) if refused else "all gates passed"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data."""
        return {**asdict(self), "gates": [asdict(g) for g in self.gates], "reason": self.reason}


@dataclass(frozen=True)
class Contest:
    """Challenger and champion on the same labelled consignments.

    Attributes
    ----------
    challenger : Scored
    champion : Scored or None
        Row by row with the challenger's; None if nobody serves yet, or nothing is in common.
    period : str
        Where the rows come from.
    missing : str
        Why there is no champion to compare with.
    """

    challenger: Scored
    champion: Scored | None
    period: str
    missing: str = ""


def decide(
    contest: Contest,
    gates: Gates,
    challenger: Bundle,
    *,
    version: str = "",
    champion_version: str | None = None,
) -> PromotionDecision:
    """Ask every gate.

    Parameters
    ----------
    contest : Contest
        What both are judged on.
    gates : Gates
        Of the challenger's definition.
    challenger : Bundle
    version, champion_version : str, optional
        For the record.

    Returns
    -------
    PromotionDecision
        Promoted if no gate refused; one that could not look says ``not_applicable``.
    """
    manifest = challenger.manifest
    results, evidence = [], {}
    for answer, numbers in (
        _enough_training(gates, manifest.training_window.positives),
        _enough_evaluation(gates, contest),
        _lift(gates, contest),
        _calibration(gates, contest),
        _checks(gates, manifest.metrics),
        _against_champion(gates, contest),
    ):
        results.append(answer)
        evidence.update(numbers)
    return PromotionDecision(
        manifest.stage,
        manifest.model_name,
        version,
        manifest.model_digest,
        champion_version,
        all(result.status != "refused" for result in results),
        tuple(results),
        contest.period,
        evidence,
    )


Answer = tuple[GateResult, dict[str, Any]]


def _answer(gate: str, passed: bool, sentence: str, **numbers: Any) -> Answer:
    return GateResult(gate, "passed" if passed else "refused", sentence), numbers


def _enough_training(gates: Gates, positives: int) -> Answer:
    sentence = f"trained on {positives} violations, at least {gates.min_positives} are required"
    enough = positives >= gates.min_positives
    return _answer("min_positives", enough, sentence, training_positives=positives)


def _labels(contest: Contest) -> np.ndarray:
    return contest.challenger.frame["label"].to_numpy(dtype=np.float64)


def _enough_evaluation(gates: Gates, contest: Contest) -> Answer:
    found, needed = int(_labels(contest).sum()), gates.min_evaluation_positives
    sentence = f"judged on {found} violations, at least {needed} are required"
    return _answer(
        "min_evaluation_positives", found >= needed, sentence, evaluation_positives=found
    )


def _lift(gates: Gates, contest: Contest) -> Answer:
    y = _labels(contest)
    if not y.any():
        why = "without a violation average precision is undefined"
        return GateResult("min_lift", "not_applicable", why), {}
    ours = average_precision(y, contest.challenger.scores)
    lift = ours / float(y.mean())
    sentence = (
        f"average precision {ours:.4f} is {lift:.2f} times random selection's, at least "
        f"{gates.min_lift:g} times are required"
    )
    return _answer("min_lift", lift >= gates.min_lift, sentence, average_precision=ours, lift=lift)


def _calibration(gates: Gates, contest: Contest) -> Answer:
    part = contest.challenger
    y, p = _labels(contest), part.probabilities
    found = bootstrap_intervals(
        lambda w: {"ratio": observed_over_expected(y, p, w)},
        group_codes(part.frame["consignment_id"], len(y)),
        weights=_arrivals(part),
        resamples=RESAMPLES,
    )["ratio"]
    ratio, low, high = found.value or 0.0, found.low or 0.0, found.high or 0.0
    sentence = (
        f"observed over expected violations is {ratio:.2f} ({low:.2f} to {high:.2f}), "
        f"{gates.calibration_low:g} to {gates.calibration_high:g} are allowed"
    )
    passed = high >= gates.calibration_low and low <= gates.calibration_high
    return _answer("calibration", passed, sentence, observed_over_expected=found.to_dict())


def _arrivals(part: Scored) -> np.ndarray:
    """Weigh rows by the arrivals they stand for, as the calibrator was fitted."""
    p = part.frame["propensity"].to_numpy(dtype=np.float64)
    return np.minimum(1.0 / np.where(p > 0, p, 1.0), MOST_WEIGHT)


def _checks(gates: Gates, metrics: Any) -> Answer:
    found = metrics.get("checks", {})
    bad = [code for code in gates.forbidden_checks if found.get(code) == "found"]
    if not found:
        why = "the training run made no checks"
        return GateResult("checks", "not_applicable", why), {}
    sentence = (
        f"checks {', '.join(bad)} found trouble in the training run"
        if bad
        else f"none of the checks {', '.join(gates.forbidden_checks)} found trouble"
    )
    return _answer("checks", not bad, sentence, checks=dict(found))


def _against_champion(gates: Gates, contest: Contest) -> Answer:
    gate = "not_worse_than_champion"
    y = _labels(contest)
    if contest.champion is None:
        return GateResult(gate, "not_applicable", contest.missing), {}
    if not y.any():
        return GateResult(gate, "not_applicable", "without a violation nothing can be compared"), {}
    theirs = average_precision(y, contest.champion.scores)
    days = contest.challenger.frame["decision_time"].dt.floor("D")
    rows = Rows.of(y, groups=days)
    gain = difference(rows, contest.challenger.scores, contest.champion.scores, rates=(RATE,))
    value, low, high = (gain["average_precision"][name] for name in ("value", "low", "high"))
    allowed = gates.champion_tolerance * theirs
    sentence = (
        f"average precision differs by {value or 0.0:+.4f} from the champion's {theirs:.4f} "
        f"({_span_text(low, high)}, paired by day), a loss of up to {allowed:.4f} is allowed"
    )
    return _answer(gate, (value or 0.0) >= -allowed, sentence, gain_over_champion=gain)


def _span_text(low: float | None, high: float | None) -> str:
    return "no interval" if low is None or high is None else f"{low:+.4f} to {high:+.4f}"
