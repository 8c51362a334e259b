"""Point-in-time history: what was known of an entity just before a decision.

One index and one compiled kernel serve training, batch scoring and the online service: a
million rows or one arriving container are answered by the same lines, with the same bits.
"""

from riskml.history.batch import BASE_RATE, Progress, compute
from riskml.history.engine import Engine
from riskml.history.explained import explain_feature
from riskml.history.index import HistoryIndex
from riskml.history.records import Events, Queries
from riskml.history.statistics import KINDS, LINES, Statistic
from riskml.history.streamed import stream_history

__all__ = [
    "BASE_RATE",
    "KINDS",
    "LINES",
    "Engine",
    "Events",
    "HistoryIndex",
    "Progress",
    "Queries",
    "Statistic",
    "compute",
    "explain_feature",
    "stream_history",
]
