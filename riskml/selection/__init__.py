"""Who is scanned: capacity, mandatory picks, the model's ranking, and a share drawn at random."""

from riskml.selection.arrivals import prepare_arrivals, read_scores
from riskml.selection.capacity import Capacity, Quota, Scanner, read_capacity
from riskml.selection.choosing import PICK_COLUMNS, RANKINGS, Selection, select
from riskml.selection.lottery import Draw, draw
from riskml.selection.publication import PUBLIC_COLUMNS, PublicList, public_list
from riskml.selection.replay import Tampering, replay
from riskml.selection.watchlist import WatchEntry, read_watchlist

__all__ = [
    "PICK_COLUMNS",
    "PUBLIC_COLUMNS",
    "RANKINGS",
    "Capacity",
    "Draw",
    "PublicList",
    "Quota",
    "Scanner",
    "Selection",
    "Tampering",
    "WatchEntry",
    "draw",
    "prepare_arrivals",
    "public_list",
    "read_capacity",
    "read_scores",
    "read_watchlist",
    "replay",
    "select",
]
