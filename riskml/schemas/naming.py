"""Names of columns: flags, a service's own columns, and the name that was probably meant."""

import difflib
from collections.abc import Iterable

__all__ = ["flag_name", "is_extra", "nearest"]


def flag_name(column: str) -> str:
    """Return the name of the flag of a coded column.

    >>> flag_name("origin_country")
    'invalid_origin_country'
    """
    return f"invalid_{column}"


def is_extra(name: str) -> bool:
    """Whether a column is one of the service's own."""
    return name.startswith("x_") and len(name) > len("x_")


def nearest(name: str, present: Iterable[str]) -> str:
    """Return a clause that names the most similar of the names present, or nothing.

    >>> nearest("ofice", ["office", "mode"])
    " (did you mean 'office'?)"
    """
    folded = {str(other).casefold().replace(" ", "_"): str(other) for other in present}
    close = difflib.get_close_matches(name.casefold().replace(" ", "_"), list(folded), n=1)
    return f" (did you mean {folded[close[0]]!r}?)" if close else ""
