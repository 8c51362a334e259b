"""What the public may see of a selection, and nothing else.

Traders learn which containers go to the scanner before arrival. They do not learn how probable
a violation was, through which channel or for what reason a container was chosen, who its parties
are, or which bill it travels on; the order of the list tells nothing either.
"""

import re
from dataclasses import dataclass

import pandas as pd

from riskml.errors import MissingColumnError

__all__ = ["PUBLIC_COLUMNS", "PublicList", "public_list"]

PUBLIC_COLUMNS = ("date", "office", "container_no")
"""All there is to see; that a container stands in the list says it was selected."""

STAGE = "pre_arrival"
_CONTAINER = re.compile(r"[A-Z]{4}\d{7}", re.ASCII)


@dataclass(frozen=True)
class PublicList:
    """The public list of a selection.

    Attributes
    ----------
    rows : DataFrame
        `PUBLIC_COLUMNS`, sorted by them, each once.
    other_stage : int
        Picks of another stage, left out.
    without_container : int
        Pre-arrival picks that name no container, left out: their traders are told in person.
    """

    rows: pd.DataFrame
    other_stage: int
    without_container: int


def public_list(picks: pd.DataFrame) -> PublicList:
    """Return the public list of a selection.

    Parameters
    ----------
    picks : DataFrame
        A selection (`riskml.selection.choosing.PICK_COLUMNS`).

    Raises
    ------
    MissingColumnError
        If it lacks the stage or a public column.
    """
    for name in ("stage", *PUBLIC_COLUMNS):
        if name not in picks:
            raise MissingColumnError(
                f"the selection has no column {name!r}", "give a file that riskml select wrote"
            )
    early = picks[(picks["stage"] == STAGE).to_numpy()]
    numbers = early["container_no"].astype("str")
    named = numbers.map(_is_container, na_action="ignore").eq(True)
    rows = early.loc[named, list(PUBLIC_COLUMNS)].astype("str").drop_duplicates()
    return PublicList(
        rows.sort_values(list(PUBLIC_COLUMNS)).reset_index(drop=True),
        other_stage=len(picks) - len(early),
        without_container=int((~named).sum()),
    )


def _is_container(number: str) -> bool:
    return _CONTAINER.fullmatch(number) is not None
