"""How importers go about it: their trades and schemes, as usual or as they have changed."""

from dataclasses import dataclass

import numpy as np

from riskml.datasets.simulation.parameters_risk import SCHEMES
from riskml.datasets.simulation.world import World

__all__ = ["Ways"]


@dataclass(frozen=True)
class Ways:
    """Ways of importers at some moment.

    Attributes
    ----------
    scheme : ndarray of int64, shape (n_importers,)
        Usual scheme, 1 to 5.
    commodity, origin, shipper : ndarray of int64, shape (n_importers, n_trades)
        Usual trades, the first the most usual.
    appeal : ndarray of float64, shape (5,)
        Factor on the weight of each scheme; 1 where nothing has been learned.
    """

    scheme: np.ndarray
    commodity: np.ndarray
    origin: np.ndarray
    shipper: np.ndarray
    appeal: np.ndarray

    @classmethod
    def usual(cls, world: World) -> "Ways":
        """Return the ways that the importers of a world begin with."""
        importers = world.importers
        return cls(
            scheme=importers.scheme,
            commodity=importers.commodity,
            origin=importers.origin,
            shipper=importers.shipper,
            appeal=np.ones(len(SCHEMES)),
        )

    def copy(self) -> "Ways":
        """Return ways that may be changed without changing these."""
        return Ways(**{name: values.copy() for name, values in vars(self).items()})
