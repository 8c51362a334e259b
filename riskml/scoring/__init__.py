"""From features to explained scores: in batch, online, and again for an auditor."""

from riskml.scoring.batch import SCORE_COLUMNS, Scores, score_columns, score_frame
from riskml.scoring.replay import EventLog, base_digest, event_frames
from riskml.scoring.rules import RULE_BASE, RULES, Rule, RuleScore, rule_score
from riskml.scoring.scorer import Scored, Scorer

__all__ = [
    "RULES",
    "RULE_BASE",
    "SCORE_COLUMNS",
    "EventLog",
    "Rule",
    "RuleScore",
    "Scored",
    "Scorer",
    "Scores",
    "base_digest",
    "event_frames",
    "rule_score",
    "score_columns",
    "score_frame",
]
