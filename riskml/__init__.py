"""Customs risk scoring: point-in-time features, calibrated models, audited selection.

Importing this package loads nothing heavy; import what you need from its subpackages.
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
