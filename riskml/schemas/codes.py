"""Coded values: countries, ports, containers and commodities, and which of them are unknown."""

from collections.abc import Callable
from functools import lru_cache
from typing import Literal

import numpy as np
import pandas as pd
from stdnum import iso6346

from riskml.schemas.columns import Kind

__all__ = ["CommoditySystem", "check_containers", "check_countries", "country_codes", "read_codes"]

CommoditySystem = Literal["HS", "other"]

_CONTAINER = r"[A-Z]{3}[UJZR][0-9]{7}"
_PORT = r"[A-Z]{2}[A-Z2-9]{3}"
_HS = r"[0-9]{4,10}"

# ISO 6346: digits count as themselves, letters from 10 on, skipping multiples of 11.
_CHARACTERS = "0123456789A BCDEFGHIJK LMNOPQRSTU VWXYZ"
_LETTER_VALUES = np.array(
    [max(_CHARACTERS.find(chr(code)), 0) for code in range(128)], dtype=np.int64
)
_WEIGHTS = 2 ** np.arange(10, dtype=np.int64)


@lru_cache(maxsize=1)
def country_codes() -> frozenset[str]:
    """Return the alpha-2 codes of ISO 3166."""
    import pycountry

    return frozenset(country.alpha_2 for country in pycountry.countries)


def read_codes(
    text: pd.Series, kind: Kind, commodity_system: CommoditySystem | None = None
) -> tuple[pd.Series, np.ndarray]:
    """Return codes in normal form, missing where unknown, and a mask of the unknown ones.

    Parameters
    ----------
    text : Series of str
        Trimmed text, missing where nothing was given.
    kind : Kind
        ``country``, ``port``, ``container`` or ``commodity``.
    commodity_system : {"HS", "other"}, optional
        Only under ``HS`` must a commodity code have 4 to 10 digits; otherwise any code is kept.

    Returns
    -------
    codes : Series of str
    unknown : ndarray of bool, shape (n,)
        True where something was given that is no such code.
    """
    if kind == "commodity" and commodity_system != "HS":
        return text, np.zeros(len(text), dtype=bool)
    positions, distinct = pd.factorize(text)
    given = pd.Series(distinct, dtype="str")
    tidy, known = _CHECKS[kind](given)
    # The extra last place stands for position -1, a missing value.
    pool = np.append(tidy.where(known).to_numpy(object), np.nan)
    bad = np.append(~known.to_numpy(dtype=bool), False)
    return pd.Series(pool[positions], index=text.index, dtype="str"), bad[positions]


def check_countries(codes: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Return codes in capitals, and whether each is an ISO 3166 alpha-2 code."""
    tidy = codes.str.upper()
    return tidy, tidy.isin(country_codes())


def check_containers(numbers: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Return container numbers without spaces and hyphens, and whether the check digit is right.

    Notes
    -----
    The check digit of ISO 6346 is first computed for all numbers at once; python-stdnum then has
    the last word on every number that fails, so that none is refused on our arithmetic alone.
    """
    tidy = numbers.str.upper().str.replace(r"[\s\-./]", "", regex=True)
    formed = tidy.str.fullmatch(_CONTAINER).to_numpy(dtype=bool)
    right = np.zeros(len(tidy), dtype=bool)
    right[formed] = _check_digits_hold(tidy[formed])
    for position in np.flatnonzero(formed & ~right):
        right[position] = iso6346.is_valid(tidy.iloc[position])
    return tidy, pd.Series(right, index=numbers.index)


def _check_digits_hold(numbers: pd.Series) -> np.ndarray:
    letters = np.array(numbers.to_list(), dtype="S11").view(np.uint8).reshape(-1, 11)
    total = _LETTER_VALUES[letters[:, :10]] @ _WEIGHTS
    return np.asarray(total % 11 % 10 == letters[:, 10] - ord("0"))


def _check_ports(codes: pd.Series) -> tuple[pd.Series, pd.Series]:
    tidy = codes.str.upper().str.replace(" ", "", regex=False)
    formed = tidy.str.fullmatch(_PORT)
    return tidy, formed & tidy.str.slice(0, 2).isin(country_codes())


def _check_commodities(codes: pd.Series) -> tuple[pd.Series, pd.Series]:
    tidy = codes.str.replace(r"[\s.]", "", regex=True)
    return tidy, tidy.str.fullmatch(_HS)


_CHECKS: dict[Kind, Callable[[pd.Series], tuple[pd.Series, pd.Series]]] = {
    "country": check_countries,
    "port": _check_ports,
    "container": check_containers,
    "commodity": _check_commodities,
}
