from pathlib import Path

import pytest

from riskml.config import STAGES
from riskml.errors import ConfigError
from riskml.training.definition import (
    LightGBM,
    ModelDefinition,
    default_definition,
    load_definition,
)
from riskml.training.space import Tuning
from riskml.training.tuning.candidates import distributions, own_parameters, with_parameters


@pytest.mark.parametrize("stage", STAGES)
def test_the_shipped_space_holds_the_shipped_parameters(stage: str) -> None:
    definition = load_definition(default_definition(stage))
    found = distributions(definition)
    assert set(found) == set(own_parameters(definition))
    assert len(found) >= 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tuning.space.fit]\nseed = { low = 1, high = 2 }", r"tuning\.space\.fit"),
        ("[tuning.space.lightgbm]\nleaves = { low = 1, high = 2 }", "leaves is no setting"),
        ("[tuning.space.lightgbm]\nnum_leaves = { low = 1, high = 9 }", "num_leaves: 1: .* than"),
        ("[tuning.space.lightgbm]\nnum_leaves = { low = 2.5, high = 9 }", "num_leaves: 2.5: .*int"),
        ("[tuning.space.lightgbm]\nnum_leaves = { low = 9, high = 3 }", "low must be below high"),
        ("[tuning.space.lightgbm]\nlambda_l2 = { low = 0, high = 3, log = true }", "above 0"),
        ("[tuning.space.lightgbm]\nextra_trees = { choices = [true] }", "choices"),
        ("[tuning.space.weights]\ncalibrator = { choices = [true, false] }", "has no effect"),
        ("[tuning]\nobjective = 'joy'", r"tuning\.objective"),
        ("[tuning]\nfolds = 1", r"tuning\.folds"),
    ],
)
def test_a_wrong_space_is_refused_with_file_and_key(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "model.toml"
    path.write_text(f'stage = "declaration"\n{text}\n')
    with pytest.raises(ConfigError, match=message) as caught:
        load_definition(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def definition(space: dict, **lightgbm) -> ModelDefinition:
    tuning = Tuning.model_validate({"space": space})
    return ModelDefinition(stage="declaration", lightgbm=LightGBM(**lightgbm), tuning=tuning)


def test_own_parameters_outside_the_space_are_refused() -> None:
    space = {"lightgbm": {"num_leaves": {"low": 2, "high": 20}}}
    assert distributions(definition(space, num_leaves=20))
    with pytest.raises(ConfigError, match=r"lightgbm\.num_leaves = 21 lies outside"):
        distributions(definition(space, num_leaves=21))


def test_a_definition_that_searches_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="searches nothing"):
        distributions(definition({}))


def test_parameters_are_put_in_their_places_and_checked() -> None:
    space = {"lightgbm": {"num_leaves": {"low": 2, "high": 40}}}
    before = definition(space)
    after = with_parameters(before, {"lightgbm.num_leaves": 7, "weights.unverified": 0.5})
    assert (after.lightgbm.num_leaves, after.weights.unverified) == (7, 0.5)
    assert own_parameters(after) == {"lightgbm.num_leaves": 7}
    assert before.lightgbm.num_leaves == LightGBM().num_leaves


def test_how_a_model_is_tuned_is_no_part_of_what_it_is() -> None:
    space = {"lightgbm": {"num_leaves": {"low": 2, "high": 40}}}
    assert definition(space).digest == definition({}).digest
    assert definition(space).flat() == definition({}).flat()
