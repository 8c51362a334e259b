"""Metrics at an inspection rate, intervals, calibration, splits and coded checks."""
