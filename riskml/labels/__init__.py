"""Outcomes turned into labels: what was found, when it was known, whether it has matured."""

from riskml.labels.targets import LABEL_COLUMNS, label_consignments, maturity_gap

__all__ = ["LABEL_COLUMNS", "label_consignments", "maturity_gap"]
