"""The draw: who is chosen, and with which probability, so that anybody can check it.

A consignment's ticket is a hash of the seed, its stratum and its key; the lowest tickets win.
Whoever knows the seed can repeat the draw with any programming language, decades later, whatever
became of a random number generator; whoever does not cannot foresee it. Another arrival, or
another order of the arrivals, changes nobody's ticket.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from json import JSONEncoder

import numpy as np
import numpy.typing as npt

__all__ = ["Draw", "draw", "inclusion", "ticket", "tickets"]

TICKETS = 2**64

_json = JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Draw:
    """The outcome of one stratum; positions are those of the arrivals given to `draw`.

    Attributes
    ----------
    selected : ndarray of int64, shape (budget,)
        Positions in rank order: mandatory picks, then the model's, then the explored.
    channel : tuple of str, length budget
        ``mandatory``, ``model`` or ``exploration``, aligned with ``selected``.
    propensity : ndarray of float64, shape (n,)
        Probability with which this design selects each arrival, the unselected included.
    overflow : ndarray of int64
        Mandatory arrivals for which there was no room, in their order.
    expected_exploration : Fraction
        Slots given to exploration, on average over seeds.
    """

    selected: IntArray
    channel: tuple[str, ...]
    propensity: FloatArray
    overflow: IntArray
    expected_exploration: Fraction


def ticket(seed: int, stratum: tuple[str, ...], key: str) -> int:
    """Return the ticket of a consignment, a whole number from 0 below 2**64.

    Notes
    -----
    The first eight bytes, big-endian, of the SHA-256 of the UTF-8 text of the JSON list
    ``[seed, [stratum...], key]``, written without spaces and without escapes for letters.

    Examples
    --------
    >>> ticket(7, ("2020-07-01", "Hai Phong", "sea"), "B1|MSCU1234566")
    4065196231859274755
    """
    return int(tickets(seed, stratum, [key])[0])


def tickets(seed: int, stratum: tuple[str, ...], keys: Iterable[str]) -> npt.NDArray[np.uint64]:
    """Return the `ticket` of each key, what they have in common hashed once."""
    start = f"[{seed},{_json(list(stratum))},"
    common = hashlib.sha256(start.encode("utf-8", "surrogatepass"))
    found = []
    for key in keys:
        one = common.copy()
        one.update(f"{_json(key)}]".encode("utf-8", "surrogatepass"))
        found.append(int.from_bytes(one.digest()[:8], "big"))
    return np.array(found, dtype=np.uint64)


def draw(
    keys: npt.NDArray[np.object_],
    values: FloatArray,
    mandatory: BoolArray,
    *,
    budget: int,
    exploration: Fraction,
    seed: int,
    stratum: tuple[str, ...],
) -> Draw:
    """Select exactly ``min(budget, n)`` of n arrivals.

    Mandatory arrivals come first, highest value first, as far as the budget reaches. Of the
    rest, ``exploration`` times the budget is drawn at random (a fraction of a slot becomes a
    whole one with that probability, so the share is met on average and one slot still explores
    now and then), and the highest values fill what remains.

    Parameters
    ----------
    keys : ndarray of object, shape (n,)
        Distinct keys; they break ties of value, so that the order of rows does not matter.
    values : ndarray of float64, shape (n,)
        What the model ranks by; finite.
    mandatory : ndarray of bool, shape (n,)
        Must be selected.
    budget : int
        Slots, 0 or more.
    exploration : Fraction
        Share of the budget in [0, 1].
    seed : int
        Of the whole selection.
    stratum : tuple of str
        Name of the stratum; the draws of two strata are independent.

    Returns
    -------
    Draw
        If any slot explores (on average), every propensity outside the mandatory is positive.

    Raises
    ------
    ValueError
        If keys repeat.
    """
    order = _by_value(keys, values)
    must, free = order[mandatory[order]], order[~mandatory[order]]
    budget = min(budget, len(keys))
    taken, overflow = must[:budget], must[budget:]
    slots = budget - len(taken)
    expected = min(exploration * budget, Fraction(slots))
    size, bonus = divmod(expected, 1)
    lucky = bonus > 0 and ticket(seed, stratum, "") < bonus * TICKETS
    size = int(size) + int(lucky)
    top, pool = free[: slots - size], free[slots - size :]
    # Without a slot to explore nobody needs a ticket.
    lots = tickets(seed, stratum, map(str, keys[pool] if size else ()))
    explored = pool[np.argsort(lots, kind="stable")[:size]]
    propensity = np.zeros(len(keys))
    propensity[taken] = 1.0
    propensity[free] = inclusion(len(free), slots, expected)
    channel = ("mandatory",) * len(taken) + ("model",) * len(top) + ("exploration",) * size
    return Draw(np.concatenate([taken, top, explored]), channel, propensity, overflow, expected)


def inclusion(n: int, slots: int, expected: Fraction) -> FloatArray:
    """Return the probability that each of n ranked arrivals gets one of the slots.

    With m explored slots the highest ``slots - m`` are sure and the others share m slots evenly.
    m is the whole part of ``expected``, or one more with the probability of its fraction; the
    inclusion probability is the mean over both.

    Parameters
    ----------
    n : int
        Arrivals, at least as many as slots.
    slots : int
        Slots to fill.
    expected : Fraction
        Explored slots on average.

    Returns
    -------
    ndarray of float64, shape (n,)
        They sum to ``slots``.

    Examples
    --------
    >>> inclusion(5, 2, Fraction(1, 2)).tolist()
    [1.0, 0.625, 0.125, 0.125, 0.125]
    """
    whole, bonus = divmod(expected, 1)
    chances = np.zeros(n)
    for size, weight in ((int(whole), 1 - bonus), (int(whole) + 1, bonus)):
        if weight:
            sure = slots - size
            chances[:sure] += float(weight)
            if n > sure:
                chances[sure:] += float(weight * Fraction(size, n - sure))
    return np.minimum(chances, 1.0)


def _by_value(keys: npt.NDArray[np.object_], values: FloatArray) -> IntArray:
    order = np.argsort(keys.astype(str), kind="stable")
    if len(set(keys)) < len(keys):
        raise ValueError("keys repeat: a consignment would be drawn twice")
    return np.asarray(order[np.argsort(-values[order], kind="stable")], dtype=np.int64)
