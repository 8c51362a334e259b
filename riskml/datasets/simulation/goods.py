"""Commodities: codes with tariff, price level, dispersion and words."""

import csv
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np

from riskml.datasets.simulation.parameters import WorldConfig
from riskml.datasets.simulation.randomness import Streams, hash_normal, hash_uniform, mix
from riskml.datasets.simulation.text import Words

__all__ = ["Goods", "build_goods", "read_rows", "read_words", "without_marks"]

WORDINGS = 4
"""Wordings of a commodity: English twice, Vietnamese with and without marks."""


@dataclass(frozen=True)
class Goods:
    """Commodity codes as arrays; the last axis is the code unless said otherwise.

    Attributes
    ----------
    codes : Words
        HS-like codes of 8 digits, all different.
    chapter : ndarray of int64
        Number of the chapter in ``chapters``.
    chapters : tuple of str
        Two-digit chapters.
    popularity : ndarray of float64
        Cumulative share of trade.
    duty, preference : ndarray of float64
        Most-favoured-nation and preferential duty, percent.
    price : ndarray of float64
        Price level, USD per kg.
    dispersion : ndarray of float64
        Spread of prices around the level, log scale.
    package_mass : ndarray of float64
        Usual gross mass per package, kg.
    diverted, cover : ndarray of bool
        Whether origins are laundered for it, and whether it serves to hide other goods.
    disguise : ndarray of int64
        The code, of lower duty where there is one, as which it is misdescribed.
    words : Words
        ``WORDINGS`` descriptions of each code in turn, then the vague ones.
    n_vague : int
        Number of vague descriptions.
    log_price : ndarray of float64, shape (n_codes, n_countries)
        Logarithm of the price level in each country of origin.
    """

    codes: Words
    chapter: np.ndarray
    chapters: tuple[str, ...]
    popularity: np.ndarray
    duty: np.ndarray
    preference: np.ndarray
    price: np.ndarray
    dispersion: np.ndarray
    package_mass: np.ndarray
    diverted: np.ndarray
    cover: np.ndarray
    disguise: np.ndarray
    words: Words
    n_vague: int
    log_price: np.ndarray

    def __len__(self) -> int:
        """Return the number of codes."""
        return len(self.chapter)

    def draw(self, uniform: np.ndarray) -> np.ndarray:
        """Return codes drawn by their share of trade from uniform numbers."""
        return np.minimum(np.searchsorted(self.popularity, uniform, side="right"), len(self) - 1)

    def near(self, code: np.ndarray, step: np.ndarray) -> np.ndarray:
        """Return codes a step away, as a share of trade: mostly of the same or the next chapter."""
        return self.draw((self.popularity[code] + step) % 1.0)


def read_rows(name: str) -> list[dict[str, str]]:
    """Read one of the package's CSV tables."""
    path = files("riskml.datasets.simulation").joinpath(f"worlds/{name}")
    return list(csv.DictReader(path.read_text("utf-8").splitlines()))


@lru_cache(maxsize=1)
def read_words() -> dict[str, Any]:
    """Read the words of which names and descriptions are made."""
    path = files("riskml.datasets.simulation").joinpath("worlds/words.toml")
    return tomllib.loads(path.read_text("utf-8"))


def without_marks(text: str) -> str:
    """Return Vietnamese text without its diacritical marks.

    >>> without_marks("Công ty Đại Dương")
    'Cong ty Dai Duong'
    """
    plain = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return plain.encode("ascii", "ignore").decode("ascii")


def build_goods(config: WorldConfig, streams: Streams, country_price: np.ndarray) -> Goods:
    """Make the commodity codes of a world.

    Parameters
    ----------
    config, streams
    country_price : ndarray of float64, shape (n_countries,)
        Logarithm of the price level of each country.
    """
    rows = read_rows("goods.csv")
    chapter = _chapters_of_codes(rows, config.goods.codes)
    starts = np.searchsorted(chapter, np.arange(len(rows)))
    rank = np.arange(len(chapter)) - starts[chapter]
    texts = [_code(rows[c]["chapter"], int(r), m) for c, r, m in _with_sizes(chapter, rank)]
    duty, preference = _duties(config, streams, rows, chapter)
    words, n_vague = _words(rows, chapter, rank)
    salt = streams.salt("goods")
    number = np.arange(len(chapter))
    spread = config.goods.dispersion_high - config.goods.dispersion_low
    price = _column(rows, "price_usd_per_kg")[chapter] * np.exp(
        config.goods.price_spread * hash_normal(salt + 1, number)
    )
    countries = np.arange(len(country_price))
    by_origin = config.goods.origin_price_spread * hash_normal(salt + 5, number[:, None], countries)
    return Goods(
        codes=Words.of(texts),
        chapter=chapter,
        chapters=tuple(row["chapter"] for row in rows),
        popularity=_popularity(config, streams, rows, chapter, rank),
        duty=duty,
        preference=preference,
        price=price,
        dispersion=config.goods.dispersion_low + spread * hash_uniform(salt + 2, number),
        package_mass=_column(rows, "kg_per_package")[chapter]
        * np.exp(0.3 * hash_normal(salt + 3, number)),
        diverted=(_column(rows, "diverted") > 0)[chapter],
        cover=(_column(rows, "cover") > 0)[chapter],
        disguise=_disguises(salt + 4, duty),
        words=words,
        n_vague=n_vague,
        log_price=np.log(price)[:, None] + country_price + by_origin,
    )


def _column(rows: list[dict[str, str]], name: str) -> np.ndarray:
    return np.array([float(row[name]) for row in rows])


def _chapters_of_codes(rows: list[dict[str, str]], total: int) -> np.ndarray:
    """Give each chapter a number of codes that grows with its trade, at least two."""
    weight = _column(rows, "weight") ** 0.7
    edges = np.round(np.cumsum(weight) / weight.sum() * (total - 2 * len(rows)))
    sizes = np.diff(edges, prepend=0.0).astype(int) + 2
    return np.repeat(np.arange(len(rows)), sizes)


def _with_sizes(chapter: np.ndarray, rank: np.ndarray) -> zip:  # type: ignore[type-arg]
    sizes = np.bincount(chapter)[chapter]
    return zip(chapter.tolist(), rank.tolist(), sizes.tolist(), strict=True)


def _code(chapter: str, rank: int, size: int) -> str:
    headings = _headings(size)
    return f"{chapter}{1 + rank % headings:02d}{1000 + 10 * (rank // headings):04d}"


def _headings(size: int) -> int:
    return max(2, min(90, size // 12))


def _popularity(
    config: WorldConfig,
    streams: Streams,
    rows: list[dict[str, str]],
    chapter: np.ndarray,
    rank: np.ndarray,
) -> np.ndarray:
    """Return cumulative shares: Zipf inside a chapter, in an order of its own."""
    order = hash_uniform(streams.salt("popularity"), np.arange(len(chapter)))
    shuffled = np.lexsort((order, chapter))
    place = np.empty(len(chapter))
    place[shuffled] = rank  # rank ascends within a chapter, and shuffled keeps chapters together
    share = (place + 3.0) ** -config.goods.code_exponent
    share /= np.bincount(chapter, weights=share)[chapter]
    share *= _column(rows, "weight")[chapter]
    cumulative: np.ndarray = np.cumsum(share) / share.sum()
    return cumulative


def _duties(
    config: WorldConfig, streams: Streams, rows: list[dict[str, str]], chapter: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    noise = hash_normal(streams.salt("duty"), np.arange(len(chapter)))
    duty = _column(rows, "mfn_percent")[chapter] * np.exp(config.goods.tariff_spread * noise)
    # Tariffs are whole percents, in steps of five above ten.
    duty = np.where(duty > 10.0, 5.0 * np.round(duty / 5.0), np.round(duty))
    return np.minimum(duty, 100.0), np.minimum(_column(rows, "preference_percent")[chapter], duty)


def _disguises(salt: int, duty: np.ndarray) -> np.ndarray:
    """Return for each code the one of least duty among four drawn at random."""
    number = np.arange(len(duty))
    drawn = (mix(salt, number[:, None], np.arange(4)[None, :]) % np.uint64(len(duty))).astype(int)
    drawn = np.where(drawn == number[:, None], (drawn + 1) % len(duty), drawn)
    best = np.argmin(duty[drawn], axis=1)
    disguise: np.ndarray = drawn[number, best]
    return disguise


def _words(rows: list[dict[str, str]], chapter: np.ndarray, rank: np.ndarray) -> tuple[Words, int]:
    words = read_words()
    texts: list[str] = []
    for c, r, size in _with_sizes(chapter, rank):
        english = rows[c]["nouns_en"].split("|")
        vietnamese = rows[c]["nouns_vi"].split("|")
        heading = r % _headings(size)
        noun, ten = english[heading % len(english)], vietnamese[heading % len(vietnamese)]
        kind = r % len(words["qualities_en"])
        quality, loai = words["qualities_en"][kind], words["qualities_vi"][kind]
        viet = f"{ten} {loai}, {r + 1}"
        texts += [
            f"{noun.upper()} {quality} NO.{r + 1}",
            f"{noun}, {quality.lower()}, no.{r + 1}",
            viet,
            without_marks(viet).upper(),
        ]
    return Words.of([*texts, *words["vague"]]), len(words["vague"])
