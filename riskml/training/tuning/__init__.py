"""Tuning: Optuna's only home, imported inside the functions that need it.

A study searches the space of a model definition on time-ordered slices with the maturity gap
between; the last slice is seen by no trial, and on it the winner is compared with the definition's
own parameters.
"""
