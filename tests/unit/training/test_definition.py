from pathlib import Path

import pytest

from riskml.config import STAGES
from riskml.errors import ConfigError, UsageError
from riskml.training.definition import ModelDefinition, default_definition, load_definition


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_has_a_definition_from_any_folder(
    stage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    definition = load_definition(default_definition(stage))
    assert definition.stage == stage
    assert definition.model_name == f"riskml-{stage}"


def test_an_unknown_stage_is_the_callers_mistake() -> None:
    with pytest.raises(UsageError, match="unknown stage"):
        default_definition("departure")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('stage = "declaration"\nfoo = 1', "unknown key foo"),
        ('stage = "declaration"\n[lightgbm]\nleaves = 3', r"unknown key lightgbm\.leaves"),
        ('stage = "declaration"\n[fit]\nfolds = 0', r"fit\.folds: .*greater than or equal to 1"),
        ('stage = "departure"', "stage"),
        ("", "stage: Field required"),
        ('stage = "declaration"\n[gates]\nmin_lift = nan', r"gates\.min_lift"),
        ("stage = ", "is no TOML"),
    ],
)
def test_a_wrong_definition_is_refused_with_file_and_key(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "model.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message) as caught:
        load_definition(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nothing\.toml: No such file"):
        load_definition(tmp_path / "nothing.toml")


def test_the_digest_follows_every_setting() -> None:
    base = ModelDefinition(stage="declaration")
    other = base.model_copy(update={"fit": base.fit.model_copy(update={"seed": 8})})
    assert base.digest == ModelDefinition(stage="declaration").digest
    assert base.digest != other.digest
    assert base.flat()["lightgbm.num_leaves"] == base.lightgbm.num_leaves
