"""Calibrators: from raw score (log-odds) to probability, strictly increasing, stored as JSON.

Isotonic regression would tie whole ranges of scores; these never do, except where float64 has no
number between two probabilities (above about 0.9999999999999999). Ties that remain are broken by
the raw score.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from riskml.errors import BundleError

__all__ = ["Calibrator"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Calibrator:
    """``log-odds = a * log p - b * log(1 - p) + c`` with ``p`` the uncalibrated probability.

    With ``a = b`` this is Platt's method on log-odds, ``a * raw + c``.

    Attributes
    ----------
    method : str
        How it was fitted: ``beta``, ``platt``, ``intercept`` (a = b = 1) or ``identity``.
    a, b : float
        Positive, so that the map is strictly increasing.
    c : float
        Shift of the log-odds.

    Notes
    -----
    M. Kull, T. M. Silva Filho, P. Flach (2017), Electronic Journal of Statistics 11, 5052-5080.

    Examples
    --------
    >>> Calibrator("identity").probabilities([0.0]).tolist()
    [0.5]
    """

    method: str
    a: float = 1.0
    b: float = 1.0
    c: float = 0.0

    def __post_init__(self) -> None:
        numbers = (self.a, self.b, self.c)
        if not all(np.isfinite(number) for number in numbers) or min(self.a, self.b) <= 0:
            raise BundleError(
                f"calibrator a={self.a}, b={self.b}, c={self.c} is not strictly increasing",
                "train the model again",
            )

    def log_odds(self, raw: npt.ArrayLike) -> FloatArray:
        """Return calibrated log-odds of raw scores, shape (n,)."""
        score = np.asarray(raw, dtype=np.float64)
        # log p = -log(1 + e**-raw) and log(1 - p) = -log(1 + e**raw), without overflow.
        log_p, log_q = -np.logaddexp(0.0, -score), -np.logaddexp(0.0, score)
        return np.asarray(self.a * log_p - self.b * log_q + self.c, dtype=np.float64)

    def probabilities(self, raw: npt.ArrayLike) -> FloatArray:
        """Return calibrated probabilities of raw scores, shape (n,)."""
        odds = self.log_odds(raw)
        return np.asarray(np.exp(-np.logaddexp(0.0, -odds)), dtype=np.float64)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that `from_dict` reads back."""
        return {"method": self.method, "a": self.a, "b": self.b, "c": self.c}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Calibrator":
        """Build a calibrator from what `to_dict` gave.

        Raises
        ------
        BundleError
            If a number is missing, or the map would not be strictly increasing.
        """
        try:
            return cls(str(data["method"]), float(data["a"]), float(data["b"]), float(data["c"]))
        except (KeyError, TypeError, ValueError) as error:
            raise BundleError(
                f"calibrator.json cannot be read ({error!r})", "train the model again"
            ) from error
