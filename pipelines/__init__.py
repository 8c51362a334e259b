"""Flows that a customs service schedules and adapts: read, call riskml, write."""
