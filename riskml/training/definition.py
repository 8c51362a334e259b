"""Model definitions: TOML files that say how a stage's model is trained and what it must reach."""

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

import riskml
from riskml.config import check_stage
from riskml.errors import ConfigError, UsageError
from riskml.training.part import NonNegative, Part, Positive, Share
from riskml.training.space import Tuning, check_space

__all__ = [
    "Calibration",
    "Encoding",
    "Fit",
    "Gates",
    "LightGBM",
    "ModelDefinition",
    "Tuning",
    "Weights",
    "default_definition",
    "load_definition",
    "load_stage_definition",
]


class LightGBM(Part):
    """Parameters passed on to LightGBM under their own names.

    The defaults are made for tens to hundreds of violations: small steps, strong regularisation,
    and randomised splits (few features per tree, one random threshold per feature) that many
    trees average out.
    """

    learning_rate: Positive = 0.08
    num_leaves: int = Field(default=31, ge=2, le=4096)
    max_depth: int = Field(default=-1, ge=-1)
    min_data_in_leaf: int = Field(default=20, ge=1)
    min_sum_hessian_in_leaf: NonNegative = 0.001
    feature_fraction: Share = 0.3
    bagging_fraction: Share = 0.8
    bagging_freq: int = Field(default=1, ge=0)
    lambda_l1: NonNegative = 0.0
    lambda_l2: NonNegative = 5.0
    min_gain_to_split: NonNegative = 0.0
    path_smooth: NonNegative = 0.0
    extra_trees: bool = True
    max_bin: int = Field(default=255, ge=2, le=65535)
    max_cat_to_onehot: int = Field(default=4, ge=1)
    max_cat_threshold: int = Field(default=32, ge=1)
    cat_smooth: NonNegative = 20.0
    cat_l2: NonNegative = 20.0
    min_data_per_group: int = Field(default=30, ge=1)


class Fit(Part):
    """How rounds are chosen and boosters are made.

    Attributes
    ----------
    seed : int
        All random numbers follow from it.
    threads : int
        Threads of LightGBM on large data (small data is quicker on one); the trees do not depend
        on it.
    ensemble : int
        Boosters with different seeds, merged into one by averaging their scores.
    fold_ensemble : int
        The same inside each fold.
    folds, first_share
        Prequential folds on later slices, and the share of rows only ever learned from.
    max_rounds, min_rounds, patience
        Limits of boosting; a fold stops after ``patience`` rounds without improvement.
    refit : bool
        Whether the final booster learns from all matured rows, or only from those before the
        last fold.
    monotone : bool
        Whether features with a known sign are constrained to it.
    negatives : float
        Share of the rows without violation that each booster learns from, drawn anew for each;
        raw scores are corrected, see `riskml.training.sampling`. 1 learns from all.
    suspicion : float
        Share of the raw score that comes from a model of two processes, a finding being
        suspicious and a suspicious one being a violation, see
        `riskml.training.boosting.grow_processes`; 0 learns from violations alone.
    variants : tuple of mapping
        Changes of the LightGBM parameters that the boosters of an ensemble take turns with:
        boosters of different kinds err differently, and their average less. None by default.
    """

    seed: int = Field(default=7, ge=0)
    threads: int = Field(default=1, ge=1, le=64)
    ensemble: int = Field(default=5, ge=1, le=50)
    fold_ensemble: int = Field(default=1, ge=1, le=50)
    folds: int = Field(default=4, ge=1, le=20)
    first_share: Share = 0.3
    max_rounds: int = Field(default=400, ge=1, le=20000)
    min_rounds: int = Field(default=20, ge=1)
    patience: int = Field(default=60, ge=1)
    refit: bool = True
    monotone: bool = True
    negatives: Share = 1.0
    suspicion: float = Field(default=0.0, ge=0, lt=1)
    variants: tuple[dict[str, Any], ...] = ()

    @field_validator("variants")
    @classmethod
    def _possible(cls, given: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
        for variant in given:
            LightGBM.model_validate(variant)
        return given


class Encoding(Part):
    """How categories become codes; see `riskml.bundle.Encoder.fit`."""

    min_count: int = Field(default=5, ge=1)
    most: int = Field(default=200, ge=1)


class Weights(Part):
    """What a labelled row counts.

    Attributes
    ----------
    boosters, calibrator : bool
        Weigh by stabilised inverse propensity, where one was logged, when growing boosters, and
        when fitting the calibrator. The calibrator must hold for all arrivals; ranking by few
        violations loses more by the weights' variance than it gains (on the simulated world's
        truth, average precision halves), so boosters go without by default.
    estimate : bool
        Estimate the propensity of rows without a logged one by a model of selection given the
        features, see `riskml.training.propensity`; else such a row stands for itself alone.
    clip : float
        Largest weight of boosters, in units of the mean weight.
    calibration_clip : float
        The same for the calibrator: clipping biases it, not clipping makes it hang on few rows.
    unverified : float
        Factor for zeros that nobody verified (clear scan, never opened); 0 leaves them out.
    severity : float
        Up to how much a violation counts by its severity when growing boosters: 0 not at all, 1
        in proportion to it. What all violations count together stays the same.
    half_life_days : float, optional
        Older decisions count less: half as much after so many days.
    """

    boosters: bool = False
    calibrator: bool = True
    estimate: bool = False
    clip: Positive = 10.0
    calibration_clip: Positive = 100.0
    unverified: Annotated[float, Field(ge=0, le=1)] = 1.0
    severity: Annotated[float, Field(ge=0, le=1)] = 0.0
    half_life_days: Positive | None = None


class Calibration(Part):
    """Which calibrator is fitted, and from how many violations on.

    With fewer than ``min_positives`` violations only the intercept is fitted. ``shrinkage`` and
    ``selection_sd``: see `riskml.training.calibrating`. ``blocks``: into how many parts the rows
    are dealt for the scores it is fitted on, see `riskml.training.boosting.cross_fitted_scores`.
    """

    method: Literal["beta", "platt", "intercept"] = "platt"
    min_positives: int = Field(default=20, ge=1)
    blocks: int = Field(default=5, ge=2, le=50)
    shrinkage: NonNegative = 5.0
    selection_sd: NonNegative = 1.0


class Gates(Part):
    """What a model must reach before it may serve.

    Attributes
    ----------
    min_positives : int
        Matured violations it was trained on.
    min_evaluation_positives : int
        Violations in the period it is judged on.
    min_lift : float
        Average precision over that of random selection (the base rate).
    champion_tolerance : float
        How much of the champion's average precision may be lost, relative.
    calibration_low, calibration_high : float
        Bounds of observed over expected violations; refused is a model whose 95 % interval lies
        outside of them altogether, since few violations leave the ratio itself to chance.
    forbidden_checks : tuple of str
        Codes of checks that must not have found anything.
    """

    min_positives: int = Field(default=20, ge=0)
    min_evaluation_positives: int = Field(default=10, ge=1)
    min_lift: NonNegative = 1.5
    champion_tolerance: NonNegative = 0.05
    calibration_low: NonNegative = 0.5
    calibration_high: Positive = 2.0
    forbidden_checks: tuple[str, ...] = ("RK001", "RK003")


class ModelDefinition(Part):
    """How the model of a stage is made.

    Attributes
    ----------
    stage, feature_set, description : str
        Decision point, name of the feature set, and a sentence for the model card.
    lightgbm, fit, encoding, weights, calibration, gates, tuning
        See the classes of these parts.
    inspection_rates : tuple of float
        At which metrics are reported.
    """

    stage: Literal["pre_arrival", "declaration"]
    feature_set: str = "default"
    description: str = ""
    inspection_rates: tuple[Share, ...] = (0.01, 0.02, 0.05, 0.10)
    lightgbm: LightGBM = LightGBM()
    fit: Fit = Fit()
    encoding: Encoding = Encoding()
    weights: Weights = Weights()
    calibration: Calibration = Calibration()
    gates: Gates = Gates()
    tuning: Tuning = Tuning()

    @model_validator(mode="after")
    def _searchable(self) -> "ModelDefinition":
        check_space(self.tuning.space, self)
        return self

    @property
    def model_name(self) -> str:
        """Name under which the model is registered."""
        return f"riskml-{self.stage}"

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the canonical JSON of this definition, but for how it is tuned."""
        text = json.dumps(self.model_dump(mode="json", exclude={"tuning"}), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def flat(self) -> dict[str, Any]:
        """Return every setting of the model under a dotted name, for the tracking server."""
        flat: dict[str, Any] = {}
        for name, value in self.model_dump(mode="json", exclude={"tuning"}).items():
            if isinstance(value, dict):
                flat.update({f"{name}.{key}": inner for key, inner in value.items()})
            else:
                flat[name] = value
        return flat


def default_definition(stage: str) -> Path:
    """Return the file of the definition that ships for a stage.

    A checkout keeps it in ``models/`` beside the package; the wheel carries the same files inside
    the package.

    Raises
    ------
    UsageError
        If the stage does not exist.
    ConfigError
        If the installation holds no definition.
    """
    package = Path(riskml.__file__).resolve().parent
    for folder in (package / "models", package.parent / "models"):
        path = folder / f"{check_stage(stage)}.toml"
        if path.is_file():
            return path
    raise ConfigError(f"no definition of stage {stage} is installed", "give one with --model")


def load_definition(path: Path | str) -> ModelDefinition:
    """Read a model definition.

    Raises
    ------
    ConfigError
        If the file cannot be read, is no TOML, or has an unknown key or an impossible value; the
        message names the file and the key.
    """
    path = Path(path)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(f"cannot read {path}: {reason}", "check --model") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is no TOML ({error})", "correct the file") from error
    try:
        return ModelDefinition.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise ConfigError(
                f"{path}: unknown key {key}", "remove it, or correct its name"
            ) from error
        where = f"{path}: {key}" if key else str(path)
        raise ConfigError(f"{where}: {first['msg']}", "correct the value") from error


def load_stage_definition(stage: str, path: Path | None = None) -> ModelDefinition:
    """Read a stage's definition, by default the one that ships.

    Raises
    ------
    UsageError
        If the file defines a model of another stage.
    ConfigError
        See `load_definition`.
    """
    definition = load_definition(path or default_definition(stage))
    if definition.stage != stage:
        raise UsageError(
            f"{path} defines a model of stage {definition.stage}, not {stage}",
            f"use --stage {definition.stage}, or another --model",
        )
    return definition
