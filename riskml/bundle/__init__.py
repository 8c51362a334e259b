"""A trained model as files: booster, calibrator, feature set, manifest."""

from riskml.bundle.bundle import Bundle
from riskml.bundle.calibrator import Calibrator
from riskml.bundle.encoder import Encoder
from riskml.bundle.manifest import Manifest, TrainingWindow

__all__ = ["Bundle", "Calibrator", "Encoder", "Manifest", "TrainingWindow"]
