"""Columns derived row by row from a table's own columns, used as keys and values of history."""

from collections.abc import Iterable

import numpy as np

from riskml.features.batch import Columns, numbers_of, text_of
from riskml.features.kinship import GROUPS
from riskml.features.rows import extended

__all__ = ["MADE_OF", "SOURCES", "add_derived", "columns_behind"]

MADE_OF = {
    **{kinship.group: kinship.read for kinship in GROUPS.values()},
    "chapter": ("commodity_code",),
    "heading": ("commodity_code",),
    "unit_price": ("customs_value", "net_mass_kg", "quantity"),
}
"""The derived columns, and those of a table that each is made of."""

SOURCES = ("commodity_code", "customs_value", "net_mass_kg", "quantity")
"""The columns that :func:`add_derived` reads."""


def columns_behind(names: Iterable[str]) -> tuple[str, ...]:
    """Return the columns of a table that stand behind columns, derived or not, each once."""
    return tuple(dict.fromkeys(source for name in names for source in MADE_OF.get(name, (name,))))


def add_derived(columns: Columns, size: int) -> Columns:
    """Return the columns with derived ones added.

    ``chapter`` and ``heading`` are the first two and four digits of the commodity code,
    ``unit_price`` is the customs value per kg of net mass, or per unit of quantity where no mass
    is known, in the reporting currency.
    """
    codes = text_of(columns, "commodity_code", size)
    more = {
        "chapter": _prefix(codes, 2),
        "heading": _prefix(codes, 4),
        "unit_price": _unit_price(columns, size),
    }
    return extended(columns, more)


def _prefix(codes: np.ndarray, length: int) -> np.ndarray:
    cut = [None if code is None else code[:length] for code in codes]
    return np.array(cut, dtype=object) if cut else np.empty(0, dtype=object)


def _unit_price(columns: Columns, size: int) -> np.ndarray:
    value = numbers_of(columns, "customs_value", size)
    mass = numbers_of(columns, "net_mass_kg", size)
    amount = np.where(mass > 0, mass, numbers_of(columns, "quantity", size))
    price = np.full(size, np.nan)
    np.divide(value, amount, out=price, where=(amount > 0) & (value > 0))
    return price
