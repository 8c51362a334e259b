from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from riskml.bundle import Bundle, Encoder
from riskml.errors import LabelError
from riskml.evaluation.metrics import average_precision
from riskml.features import Feature
from riskml.training.columns import cut_short
from riskml.training.definition import Calibration, Fit, ModelDefinition, Weights
from riskml.training.fitting import FittedModel, fit_model
from tests.oracles.synthetic import World, known_before, make_world

UNTIL = pd.Timestamp("2022-07-01", tz="UTC")


def fit(
    world: World, definition: ModelDefinition, frame: pd.DataFrame | None = None
) -> FittedModel:
    rows = known_before(world, UNTIL) if frame is None else frame
    return fit_model(rows, world.feature_set, definition, until=UNTIL.to_pydatetime())


def predicted(bundle: Bundle, frame: pd.DataFrame) -> np.ndarray:
    return bundle.probabilities(bundle.raw_scores(bundle.encode(frame)))


def test_it_comes_close_to_the_truth_on_later_arrivals(world: World, model: FittedModel) -> None:
    later = (world.frame["decision_time"] >= UNTIL).to_numpy()
    truth = world.probability[later]
    p = predicted(model.bundle, world.frame[later])
    rng = np.random.default_rng(0)
    y = (rng.random(later.sum()) < truth).astype(float)
    oracle, ours = average_precision(y, truth), average_precision(y, p)
    assert 0.7 * oracle < ours < 1.1 * oracle
    assert ours > 1.8 * y.mean()


@pytest.mark.slow
def test_probabilities_hold_over_all_arrivals_though_labels_are_selective(
    definition: ModelDefinition,
) -> None:
    # Officers see what the model cannot, so selected rows are riskier than they look. Pooled over
    # worlds, expected violations of all later arrivals are those of the truth all the same.
    ours, naive, truth = 0.0, 0.0, 0.0
    blind = definition.model_copy(update={"weights": Weights(calibrator=False)})
    for seed in range(4):
        world = make_world(9000, seed=20 + seed, insight=1.0)
        later = (world.frame["decision_time"] >= UNTIL).to_numpy()
        truth += float(world.probability[later].sum())
        ours += float(predicted(fit(world, definition).bundle, world.frame[later]).sum())
        naive += float(predicted(fit(world, blind).bundle, world.frame[later]).sum())
    assert truth / ours == pytest.approx(1.0, abs=0.12)
    assert truth / naive < 0.85


def test_the_same_inputs_give_the_same_bytes(
    world: World, definition: ModelDefinition, model: FittedModel, tmp_path: Path
) -> None:
    frame = known_before(world, UNTIL).sample(frac=1, random_state=3)  # row order is no input
    again = fit_model(
        frame,
        world.feature_set,
        definition,
        until=UNTIL.to_pydatetime(),
        data_digests={"declarations": "0" * 64},
    )
    model.bundle.save(tmp_path / "a")
    again.bundle.save(tmp_path / "b")
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


def test_another_seed_gives_another_model(
    world: World, definition: ModelDefinition, model: FittedModel
) -> None:
    seeded = definition.fit.model_copy(update={"seed": 8})
    other = fit(world, definition.model_copy(update={"fit": seeded}))
    assert other.bundle.manifest.model_digest != model.bundle.manifest.model_digest


def test_the_holdout_was_judged_by_boosters_that_did_not_know_it(model: FittedModel) -> None:
    rows = model.holdout
    assert rows["raw_score"].notna().all()
    assert rows["fold"].min() >= 0
    assert not rows.duplicated(["consignment_id", "decision_time"]).any()
    assert rows["decision_time"].is_monotonic_increasing
    assert model.last_fold_start == rows.loc[rows["fold"] == 2, "decision_time"].min()


def test_the_manifest_says_what_went_in(world: World, model: FittedModel) -> None:
    window = model.bundle.manifest.training_window
    frame = known_before(world, UNTIL)
    rows = frame[frame["matured"] & frame["label"].notna()]
    assert window.rows == len(rows)
    assert window.positives == rows["label"].sum()
    assert window.until == "2022-07-01T00:00:00+00:00" == model.bundle.manifest.created_at
    assert model.bundle.manifest.feature_set_digest == world.feature_set.digest
    assert model.bundle.manifest.packages["lightgbm"]


def test_a_known_sign_is_obeyed(world: World, model: FittedModel) -> None:
    # Raising the importer's hit rate never lowers the score, whatever else is true.
    frame = world.frame.head(200)
    scores = []
    for rate in np.linspace(0, 0.6, 13):
        X = model.bundle.encode(frame.assign(importer_id__hit_rate=rate))
        scores.append(model.bundle.raw_scores(X))
    assert (np.diff(scores, axis=0) >= -1e-12).all()


def test_nobody_knows_the_label_columns(model: FittedModel) -> None:
    assert "revenue_recovered" not in model.bundle.feature_set.names
    assert "propensity" not in model.bundle.feature_set.names


def test_too_few_violations_are_a_stated_degradation(definition: ModelDefinition) -> None:
    world = make_world(1200, seed=5, base=-5.5)
    demanding = definition.model_copy(update={"calibration": Calibration(min_positives=500)})
    found = fit(world, demanding)
    assert found.bundle.calibrator.method == "intercept"
    assert any("too few to fit slopes" in note for note in found.notes)
    assert found.bundle.manifest.notes == found.notes


def test_violations_in_the_first_slice_only_are_a_stated_degradation(
    definition: ModelDefinition,
) -> None:
    world = make_world(1500, seed=6)
    frame = known_before(world, UNTIL)
    late = frame["decision_time"] > pd.Timestamp("2021-05-01", tz="UTC")
    frame["label"] = frame["label"].mask(late & frame["label"].notna(), 0.0)
    found = fit(world, definition, frame)
    assert found.holdout.empty
    assert any("no later slice could be judged" in note for note in found.notes)
    p = predicted(found.bundle, frame[frame["label"].notna()])
    assert ((p > 0) & (p < 1)).all()


def test_hostile_columns_do_not_break_the_fit(definition: ModelDefinition) -> None:
    world = make_world(1500, seed=7)
    frame = known_before(world, UNTIL)
    frame["noise"] = np.inf
    frame["log_customs_value"] = np.nan
    frame["chapter"] = pd.Series([f"c{row}" for row in range(len(frame))], dtype="str")
    found = fit(world, definition, frame)
    assert np.isfinite(predicted(found.bundle, frame)).all()
    assert found.bundle.encoder.vocabularies["chapter"] == ()
    said = " ".join(found.bundle.manifest.notes)
    assert f"infinite values count as missing: noise ({found.weights.rows})" in said
    assert f"chapter ({found.weights.rows} categories, 0 kept)" in said


def test_a_hundred_thousand_categories_are_cut_and_that_is_said(
    world: World, definition: ModelDefinition, model: FittedModel
) -> None:
    rows = known_before(world, UNTIL)
    many = pd.Series([f"c{row}" for row in range(100_000)], dtype="str")
    frame = pd.DataFrame({f.name: 0.5 for f in world.feature_set.features}, index=many.index)
    encoder = Encoder.fit(frame.assign(chapter=many), world.feature_set)
    assert list(cut_short(frame.assign(chapter=many), encoder)) == [
        "rare categories, or too many, count as missing: chapter (100000 categories, 0 kept)"
    ]
    # What loses next to nothing is not spoken of.
    assert list(cut_short(rows, model.bundle.encoder)) == []


def test_names_that_lightgbm_cannot_store_are_carried_all_the_same(
    definition: ModelDefinition,
) -> None:
    world = make_world(1500, seed=8)
    odd = Feature("x_tên, {lạ}", "number", "raw", "", "")
    features = replace(world.feature_set, features=(*world.feature_set.features, odd))
    frame = known_before(world, UNTIL).assign(**{odd.name: 1.0})
    found = fit_model(frame, features, definition, until=UNTIL.to_pydatetime())
    assert found.bundle.feature_set.names[-1] == odd.name


def test_without_refit_the_last_slice_is_not_learned_from(world: World) -> None:
    plain = Fit(threads=1, ensemble=1, folds=2, max_rounds=20, refit=False)
    found = fit(world, ModelDefinition(stage="declaration", fit=plain))
    again = fit(
        world, ModelDefinition(stage="declaration", fit=plain.model_copy(update={"refit": True}))
    )
    assert found.bundle.manifest.model_digest != again.bundle.manifest.model_digest


def test_nothing_to_learn_from_is_refused(definition: ModelDefinition) -> None:
    world = make_world(200)
    with pytest.raises(LabelError, match="no label is known before"):
        fit(world, definition, world.frame.assign(label=np.nan))
