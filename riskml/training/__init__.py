"""Training set, fit, calibration, tracking and promotion."""
