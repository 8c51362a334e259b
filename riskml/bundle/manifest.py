"""The manifest: what a bundle is, where it comes from, and how good it was."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from riskml.bundle.files import FORMAT_VERSION
from riskml.errors import BundleError

__all__ = ["Manifest", "TrainingWindow"]


@dataclass(frozen=True)
class TrainingWindow:
    """What a model was trained on.

    Attributes
    ----------
    first_decision, last_decision : str
        Decision times (ISO 8601, UTC) of the first and last row.
    until : str
        Only labels known strictly before this instant (ISO 8601, UTC) went in.
    rows, positives : int
        Number of labelled rows, and of violations among them.
    maturity_gap_days : float
        Decisions younger than this at ``until`` were left out.
    """

    first_decision: str
    last_decision: str
    until: str
    rows: int
    positives: int
    maturity_gap_days: float


@dataclass(frozen=True)
class Manifest:
    """Description of a bundle.

    Attributes
    ----------
    stage, model_name : str
        The decision point, and the registered name of the model.
    created_at : str
        The instant up to which the model knows the world (``training_window.until``). Wall-clock
        time is kept out on purpose, so that the same inputs give the same bytes; when the run
        took place stands in MLflow.
    training_window : TrainingWindow
    data_digests : mapping of str to str
        SHA-256 of each table that went in.
    feature_set_digest : str
        SHA-256 of the feature set.
    definition_digest : str
        SHA-256 of the model definition.
    packages : mapping of str to str
        Versions of what computes the scores.
    metrics : mapping
        Metrics on later slices, with intervals.
    notes : tuple of str
        Degradations, said aloud.
    files : mapping of str to str
        SHA-256 of each part.
    model_digest : str
        SHA-256 over ``files``: the identity of the model.
    format_version : int
    """

    stage: str
    model_name: str
    created_at: str
    training_window: TrainingWindow
    data_digests: Mapping[str, str]
    feature_set_digest: str
    definition_digest: str
    packages: Mapping[str, str]
    metrics: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    model_digest: str = ""
    format_version: int = FORMAT_VERSION

    @property
    def digests(self) -> Mapping[str, str]:
        """SHA-256 of each part; another name of ``files``."""
        return self.files

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that `from_dict` reads back."""
        data = {item.name: getattr(self, item.name) for item in fields(self)}
        data["training_window"] = dict(vars(self.training_window))
        data["notes"] = list(self.notes)
        for name in ("data_digests", "packages", "metrics", "files"):
            data[name] = dict(data[name])
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Manifest":
        """Build a manifest from what `to_dict` gave.

        Raises
        ------
        BundleError
            If a field is missing or unknown.
        """
        try:
            window = TrainingWindow(**data["training_window"])
            rest = {**data, "training_window": window, "notes": tuple(data["notes"])}
            return cls(**rest)
        except (KeyError, TypeError) as error:
            raise BundleError(
                f"manifest.json cannot be read ({error})", "train the model again"
            ) from error
