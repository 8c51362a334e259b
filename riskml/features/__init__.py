"""The feature catalogue: what a model may know about a consignment when it decides."""

from riskml.features.featureset import Feature, FeatureSet

__all__ = ["Feature", "FeatureSet"]
