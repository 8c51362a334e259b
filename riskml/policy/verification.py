"""Two-stage verification: most clear images are never opened, and what they hide counts too.

Of the scanned, the suspicious are opened and hardly any of the clear. The rate among the opened is
too high, and the rate that counts every unopened one as clean too low. If whether something was
opened depends on the finding alone, the opened of each finding stand for all of it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from riskml.errors import InputError
from riskml.evaluation.intervals import Interval, wilson_interval

__all__ = ["Verification", "correct_verification"]

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Verification:
    """What the opened say of all that was scanned.

    Attributes
    ----------
    prevalence : Interval
        Share of the scanned in violation, corrected.
    sensitivity, specificity : float or None
        Of the image readers, corrected; None where undefined, as is the sensitivity without a
        violation.
    unverified_as_clean : float
        The share with every unopened one counted as clean: too low.
    among_opened : float or None
        The share among the opened: too high.
    scanned, opened : int
    """

    prevalence: Interval
    sensitivity: float | None
    specificity: float | None
    unverified_as_clean: float
    among_opened: float | None
    scanned: int
    opened: int


def correct_verification(
    suspicious: BoolArray, opened: BoolArray, violation: FloatArray, confidence: float = 0.95
) -> Verification:
    """Correct the violation rate of scans for those that nobody opened.

    Parameters
    ----------
    suspicious : ndarray of bool, shape (n,)
        What the image readers found.
    opened : ndarray of bool, shape (n,)
        Whether it was verified.
    violation : ndarray of float64, shape (n,)
        1 or 0; read only where opened.
    confidence : float
        Nominal coverage of the interval.

    Returns
    -------
    Verification

    Raises
    ------
    InputError
        If nothing was scanned, an opened one has no result, or none of a finding was opened: then
        nothing can be said of that finding.

    Notes
    -----
    C. B. Begg and R. A. Greenes (1983), Biometrics 39, 207-215. Interval: Wilson's for each
    finding, combined by MOVER (Zou and Donner 2008) with the shares of the findings as they were.
    """
    scanned = len(suspicious)
    if not scanned:
        raise InputError("nothing was scanned", "choose a period with scans")
    if not bool(np.isin(violation[opened], (0.0, 1.0)).all()):
        raise InputError("an opened scan has no result", "leave out what is not closed yet")
    value, below, above, hits = 0.0, 0.0, 0.0, {}
    for finding in (True, False):
        own = suspicious == finding
        if not own.any():
            hits[finding] = 0.0
            continue
        verified = int((own & opened).sum())
        if not verified:
            name = "suspicious" if finding else "clear"
            raise InputError(
                f"none of {int(own.sum())} {name} scans was opened",
                "open a random sample of them: without it their rate is anybody's guess",
            )
        found = int(violation[own & opened].sum())
        share, rate = float(own.mean()), found / verified
        low, high = wilson_interval(found, verified, confidence)
        value += share * rate
        below += (share * (rate - low)) ** 2
        above += (share * (high - rate)) ** 2
        hits[finding] = share * rate
    clean = {f: float((suspicious == f).mean()) - hits[f] for f in hits}
    all_hits, all_clean = sum(hits.values()), sum(clean.values())
    found_all = float(violation[opened].sum())
    count = int(opened.sum())
    return Verification(
        prevalence=Interval(value, max(0.0, value - below**0.5), min(1.0, value + above**0.5)),
        sensitivity=hits[True] / all_hits if all_hits > 0 else None,
        specificity=clean[False] / all_clean if all_clean > 0 else None,
        unverified_as_clean=found_all / scanned,
        among_opened=found_all / count if count else None,
        scanned=scanned,
        opened=count,
    )
