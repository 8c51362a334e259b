from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from riskml.evaluation.assessment import Scored
from riskml.training.definition import Gates
from riskml.training.fitting import FittedModel
from riskml.training.gates import Contest, PromotionDecision, decide


def scored(model: FittedModel) -> Scored:
    rows = model.holdout
    return Scored(
        rows,
        model.bundle.feature_set,
        rows["raw_score"].to_numpy(dtype=float),
        rows["probability"].to_numpy(dtype=float),
    )


def ask(
    model: FittedModel, gates: Gates, challenger: Scored, champion: Scored | None = None
) -> PromotionDecision:
    contest = Contest(challenger, champion, "a period", "no champion serves yet")
    return decide(contest, gates, model.bundle, version="2", champion_version="1")


def status(decision: PromotionDecision, gate: str) -> str:
    return next(result.status for result in decision.gates if result.gate == gate)


LENIENT = Gates(min_lift=1.0, min_positives=1, min_evaluation_positives=1)


def test_a_good_first_model_passes_and_what_was_not_asked_is_said(model: FittedModel) -> None:
    decision = ask(model, LENIENT, scored(model))
    assert decision.promoted
    assert decision.reason == "all gates passed"
    assert status(decision, "not_worse_than_champion") == "not_applicable"
    assert status(decision, "checks") == "not_applicable"
    assert len(decision.to_dict()["gates"]) == 6


@pytest.mark.parametrize(
    ("change", "gate"),
    [
        ({"min_positives": 10**6}, "min_positives"),
        ({"min_evaluation_positives": 10**6}, "min_evaluation_positives"),
        ({"min_lift": 50.0}, "min_lift"),
        ({"calibration_low": 5.0, "calibration_high": 9.0}, "calibration"),
    ],
)
def test_each_gate_refuses_alone_with_its_numbers(
    model: FittedModel, change: dict[str, float], gate: str
) -> None:
    decision = ask(model, LENIENT.model_copy(update=change), scored(model))
    assert not decision.promoted
    assert [r.gate for r in decision.gates if r.status == "refused"] == [gate]
    assert any(character.isdigit() for character in decision.reason)


@pytest.mark.slow
def test_a_worse_challenger_is_refused_and_a_better_one_passes(model: FittedModel) -> None:
    good = scored(model)
    noise = np.random.default_rng(0).normal(0, 3, len(good.scores))
    bad = replace(good, scores=good.scores + noise)
    refused = ask(model, LENIENT, bad, champion=good)
    assert status(refused, "not_worse_than_champion") == "refused"
    assert "paired by day" in refused.reason
    assert refused.evidence["gain_over_champion"]["average_precision"]["high"] < 0
    assert ask(model, LENIENT, good, champion=bad).promoted
    assert ask(model, LENIENT, good, champion=good).promoted


def test_a_loss_within_tolerance_passes(model: FittedModel) -> None:
    good = scored(model)
    noise = np.random.default_rng(0).normal(0, 0.3, len(good.scores))
    bad = replace(good, scores=good.scores + noise)
    strict = LENIENT.model_copy(update={"champion_tolerance": 0.0})
    loose = LENIENT.model_copy(update={"champion_tolerance": 0.5})
    assert not ask(model, strict, bad, champion=good).promoted
    assert ask(model, loose, bad, champion=good).promoted


def test_a_forbidden_finding_refuses(model: FittedModel) -> None:
    found = {"RK001": "found", "RK004": "found"}
    leaky = model.with_metrics({"checks": found})
    decision = ask(leaky, LENIENT, scored(model))
    assert status(decision, "checks") == "refused"
    assert "RK001" in decision.reason
    assert "RK004" not in decision.reason
    assert ask(model.with_metrics({"checks": {"RK001": "ok"}}), LENIENT, scored(model)).promoted


def test_a_period_without_violation_decides_nothing_by_precision(model: FittedModel) -> None:
    part = scored(model)
    calm = replace(part, frame=part.frame.assign(label=0.0))
    decision = ask(model, LENIENT, calm)
    assert status(decision, "min_lift") == "not_applicable"
    assert status(decision, "min_evaluation_positives") == "refused"
    assert isinstance(part.frame, pd.DataFrame)
