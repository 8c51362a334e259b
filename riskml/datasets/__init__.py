"""Where rows come from: the simulated world and mapped exports.

Importing this package loads nothing heavy; its names are loaded on first use.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from riskml.datasets.tables import Tables, load_tables, write_table

__all__ = ["Tables", "load_tables", "write_table"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from riskml.datasets import tables

    return getattr(tables, name)
