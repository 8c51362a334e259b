"""Coded checks, each with a stable code.

RK001 leak by a tuple, RK002 golden column, RK003 overlap, RK004 too few violations, RK005 drift,
RK006 outcome known before, RK007 selective labels, RK008 constant features.
"""

from riskml.evaluation.checks.battery import Evidence, raw_columns, run_checks
from riskml.evaluation.checks.finding import Finding

__all__ = ["Evidence", "Finding", "raw_columns", "run_checks"]
