"""Effects of goods, origins and brokers on the risk, and what officers believe of them."""

from dataclasses import dataclass

import numpy as np

from riskml.datasets.simulation.calendar import day_number
from riskml.datasets.simulation.goods import Goods
from riskml.datasets.simulation.parameters import WorldConfig
from riskml.datasets.simulation.places import Places
from riskml.datasets.simulation.randomness import Streams, hash_normal, hash_uniform

__all__ = ["Effects", "build_effects"]


@dataclass(frozen=True)
class Swing:
    """A slow swing of each of several effects: amplitude, period in days and phase."""

    amplitude: np.ndarray
    period: np.ndarray
    phase: np.ndarray

    def at(self, which: np.ndarray, day: np.ndarray) -> np.ndarray:
        """Return the swing of the effects ``which`` on days."""
        angle = 2.0 * np.pi * (day / self.period[which] + self.phase[which])
        swing: np.ndarray = self.amplitude[which] * np.sin(angle)
        return swing


@dataclass(frozen=True)
class Shifting:
    """Effects that a planted shift exchanges from a day on; without one that day never comes."""

    before: np.ndarray
    after: np.ndarray
    day: float

    def at(self, which: np.ndarray, day: np.ndarray) -> np.ndarray:
        """Return the effects ``which`` on days."""
        found: np.ndarray = np.where(day >= self.day, self.after[which], self.before[which])
        return found


@dataclass(frozen=True)
class Effects:
    """Effects on the logarithm of the risk, and the officers' beliefs about them.

    Attributes
    ----------
    code : Shifting, of shape (n_codes,)
        Of a commodity code, its chapter's effect included.
    origin : Shifting, of shape (n_countries,)
    broker : ndarray of float64, shape (n_brokers,)
    chapter_swing, origin_swing : Swing
        Drift over time.
    believed_chapter : ndarray of float64, shape (n_offices, n_chapters)
        What officers believe of a chapter: its effect with error, and the office's hunch.
    believed_origin : ndarray of float64, shape (n_offices, n_countries)
    """

    code: Shifting
    origin: Shifting
    broker: np.ndarray
    chapter_swing: Swing
    origin_swing: Swing
    believed_chapter: np.ndarray
    believed_origin: np.ndarray


def build_effects(config: WorldConfig, streams: Streams, goods: Goods, places: Places) -> Effects:
    """Draw the effects of a world."""
    risk, policy, salt = config.risk, config.policy, streams.salt("effects")
    chapters = risk.chapter_spread * _normal(salt, len(goods.chapters))
    origins = risk.origin_spread * _normal(salt + 1, len(places.countries))
    codes = chapters[goods.chapter] + risk.code_spread * _normal(salt + 2, len(goods))
    offices = len(config.offices)
    return Effects(
        code=_shifting(config, codes, config.shift.codes, salt + 10),
        origin=_shifting(config, origins, config.shift.origins, salt + 12),
        broker=risk.broker_spread * _normal(salt + 3, config.parties.brokers),
        chapter_swing=_swing(config, salt + 4, len(chapters)),
        origin_swing=_swing(config, salt + 5, len(origins)),
        believed_chapter=policy.chapter * _believed(config, salt + 6, chapters)
        + policy.hunch * _grid(salt + 7, offices, len(chapters)),
        believed_origin=policy.origin * _believed(config, salt + 8, origins)
        + policy.hunch * _grid(salt + 9, offices, len(origins)),
    )


def _shifting(config: WorldConfig, effects: np.ndarray, share: float, salt: int) -> Shifting:
    """Hand a share of the effects round on the day of the shift."""
    day = config.shift.day
    number = np.arange(len(effects))
    changing = np.flatnonzero(hash_uniform(salt, number) < share)
    found = effects.copy()
    found[changing] = effects[changing[np.argsort(hash_uniform(salt + 1, changing))]]
    return Shifting(effects, found, np.inf if day is None else day_number(day))


def _normal(salt: int, size: int) -> np.ndarray:
    return hash_normal(salt, np.arange(size))


def _grid(salt: int, rows: int, columns: int) -> np.ndarray:
    return hash_normal(salt, np.arange(rows)[:, None], np.arange(columns)[None, :])


def _believed(config: WorldConfig, salt: int, truth: np.ndarray) -> np.ndarray:
    believed: np.ndarray = truth + config.policy.belief_noise * _normal(salt, len(truth))
    return believed


def _swing(config: WorldConfig, salt: int, size: int) -> Swing:
    number = np.arange(size)
    years = config.risk.drift_years * (0.6 + 0.8 * hash_uniform(salt + 1, number))
    return Swing(
        amplitude=config.risk.drift_spread * np.sqrt(2.0) * np.abs(hash_normal(salt, number)),
        period=365.25 * years,
        phase=hash_uniform(salt + 2, number),
    )
