"""A trained model as a folder of files: verified on load, nothing unpickled."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from riskml.bundle.calibrator import Calibrator
from riskml.bundle.encoder import Columns, Encoder
from riskml.bundle.files import (
    canonical_json,
    digest_of,
    model_digest,
    read_verified,
    write_folder,
)
from riskml.bundle.manifest import Manifest
from riskml.errors import BundleError, DataError, UsageError
from riskml.features import FeatureSet

if TYPE_CHECKING:
    import lightgbm as lgb

__all__ = ["Bundle", "booster_names"]

FloatArray = npt.NDArray[np.float64]

THREADS = 2
"""For more than ``SMALL_BATCH`` rows."""
CASES = "cases.npz"
SMALL_BATCH = 2000
"""Up to so many rows are scored on the caller's thread: 20 times quicker for a single one, and
threads that wait for each other on a busy machine cost more than they bring."""

_NAMES = re.compile(r"^feature_names=(.*)$", re.MULTILINE)


def booster_names(feature_set: FeatureSet) -> list[str]:
    """Return the feature names as LightGBM can store them (it refuses JSON's own characters)."""
    return [re.sub(r'[\s",:\[\]{}]', "_", name) for name in feature_set.names]


@dataclass(frozen=True)
class Bundle:
    """A trained model: booster, calibrator, encoder with its feature set, manifest.

    Scoring is ``probabilities(raw_scores(encode(columns)))``. Build one with `assemble` or
    `load`.

    Attributes
    ----------
    booster_text : str
        LightGBM's native text.
    calibrator : Calibrator
    encoder : Encoder
    manifest : Manifest
    cases : bytes
        Past cases as ``cases.npz`` (`riskml.explanation.similar`); empty if it has none.
    """

    booster_text: str = field(repr=False)
    calibrator: Calibrator
    encoder: Encoder = field(repr=False)
    manifest: Manifest = field(repr=False)
    cases: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        found = _NAMES.search(self.booster_text)
        if found is None:
            raise BundleError("booster.txt names no features", "train the model again")
        _check_names(found[1].split(), booster_names(self.feature_set))

    @classmethod
    def assemble(
        cls,
        booster_text: str,
        calibrator: Calibrator,
        encoder: Encoder,
        manifest: Manifest,
        cases: bytes = b"",
    ) -> "Bundle":
        """Put parts together; the digests of the manifest are computed here."""
        parts = _parts(booster_text, calibrator, encoder, cases)
        files = {name: digest_of(content) for name, content in parts.items()}
        complete = replace(manifest, files=files, model_digest=model_digest(files))
        return cls(booster_text, calibrator, encoder, complete, cases)

    def with_cases(self, cases: bytes) -> "Bundle":
        """Return the bundle with past cases as a further part."""
        return Bundle.assemble(
            self.booster_text, self.calibrator, self.encoder, self.manifest, cases
        )

    @classmethod
    def load(cls, path: Path | str) -> "Bundle":
        """Read a bundle folder.

        Raises
        ------
        BundleError
            If the folder is incomplete, has a foreign file or a changed byte, is of another
            format version, or its feature names do not match its booster.
        """
        # A champion's folder is a link that may be moved while we read: follow it once.
        folder = Path(path).resolve()
        parts, data = read_verified(folder)
        manifest = Manifest.from_dict(data)
        encoder = Encoder.from_dict(_json(parts, "features.json", folder))
        if encoder.feature_set.digest != manifest.feature_set_digest:
            raise BundleError(
                f"{folder / 'features.json'} is not the feature set of the manifest",
                "train the model again",
            )
        calibrator = Calibrator.from_dict(_json(parts, "calibrator.json", folder))
        booster_text = parts["booster.txt"].decode()
        return cls(booster_text, calibrator, encoder, manifest, parts.get(CASES, b""))

    def save(self, path: Path | str) -> Path:
        """Write the bundle; the folder appears complete or not at all. Returns the folder."""
        folder = Path(path)
        parts = _parts(self.booster_text, self.calibrator, self.encoder, self.cases)
        write_folder(folder, parts, self.manifest.to_dict())
        return folder

    @property
    def feature_set(self) -> FeatureSet:
        """Features of the model, in the order of its columns."""
        return self.encoder.feature_set

    @cached_property
    def booster(self) -> "lgb.Booster":
        """The loaded booster; LightGBM itself is loaded for the first one.

        Raises
        ------
        BundleError
            If LightGBM cannot read it.
        """
        import lightgbm as lgb

        try:
            return lgb.Booster(model_str=self.booster_text)
        except lgb.basic.LightGBMError as error:
            raise BundleError(
                f"booster.txt cannot be read ({error})", "train the model again"
            ) from error

    def require_stage(self, stage: str) -> None:
        """Make sure that the model decides at ``stage``.

        Raises
        ------
        UsageError
            If it was trained for another one.
        """
        if self.manifest.stage != stage:
            raise UsageError(
                f"the model decides at stage {self.manifest.stage}, not {stage}",
                f"use --stage {self.manifest.stage}, or another model",
            )

    def encode(self, columns: Columns) -> FloatArray:
        """Return the matrix of feature columns, shape (n, p); see `Encoder.encode`."""
        return self.encoder.encode(columns)

    def raw_scores(self, matrix: FloatArray) -> FloatArray:
        """Return uncalibrated log-odds.

        Parameters
        ----------
        matrix : ndarray of float64, shape (n, p)
            From `encode`. A row has the same score in any batch, to the last bit.

        Returns
        -------
        ndarray of float64, shape (n,)
        """
        return self._predict(matrix, raw_score=True)

    def probabilities(self, raw: npt.ArrayLike) -> FloatArray:
        """Return calibrated probabilities of raw scores, shape (n,); strictly increasing."""
        return self.calibrator.probabilities(raw)

    def contributions(self, matrix: FloatArray) -> FloatArray:
        """Return each feature's contribution to the raw score (exact tree SHAP).

        Parameters
        ----------
        matrix : ndarray of float64, shape (n, p)
            From `encode`.

        Returns
        -------
        ndarray of float64, shape (n, p + 1)
            In log-odds; the last column is the base value, rows sum to the raw score.
        """
        found = self._predict(matrix, pred_contrib=True)
        return found.reshape(len(matrix), len(self.feature_set.features) + 1)

    def _predict(self, matrix: FloatArray, **options: bool) -> FloatArray:
        expected = len(self.feature_set.features)
        if matrix.ndim != 2 or matrix.shape[1] != expected:
            raise DataError(
                f"the matrix has shape {matrix.shape}, the model {expected} features",
                "encode the columns with the bundle's own encoder",
            )
        if not len(matrix):
            return np.empty(0, dtype=np.float64)
        threads = 1 if len(matrix) <= SMALL_BATCH else THREADS
        found = self.booster.predict(matrix, num_threads=threads, **options)
        return np.asarray(found, dtype=np.float64)


def _parts(
    booster_text: str, calibrator: Calibrator, encoder: Encoder, cases: bytes
) -> dict[str, bytes]:
    further = {CASES: cases} if cases else {}
    return {
        **further,
        "booster.txt": booster_text.encode(),
        "calibrator.json": canonical_json(calibrator.to_dict()),
        "features.json": canonical_json(encoder.to_dict()),
    }


def _json(parts: Mapping[str, bytes], name: str, folder: Path) -> dict[str, Any]:
    try:
        found = json.loads(parts[name])
    except ValueError as error:
        raise BundleError(f"{folder / name} is no JSON", "train the model again") from error
    if not isinstance(found, dict):
        raise BundleError(f"{folder / name} is no JSON object", "train the model again")
    return found


def _check_names(found: list[str], expected: list[str]) -> None:
    """Refuse a booster whose columns are others, or the same in another order."""
    if found == expected:
        return
    absent = [f"- {name}" for name in expected if name not in set(found)]
    extra = [f"+ {name}" for name in found if name not in set(expected)]
    shown = ", ".join((absent + extra)[:10]) or "the same names in another order"
    raise BundleError(
        f"the booster's features differ from features.json: {shown}", "train the model again"
    )
