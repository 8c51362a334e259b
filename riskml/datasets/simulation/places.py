"""Countries, ports and carriers of a world, as arrays over small vocabularies."""

from dataclasses import dataclass

import numpy as np

from riskml.datasets.simulation.goods import read_rows

__all__ = ["Carriers", "Places", "build_carriers", "build_places"]

MODES = ("sea", "road", "air", "rail")


@dataclass(frozen=True)
class Places:
    """Countries of origin and their ports.

    Attributes
    ----------
    countries : tuple of str
        ISO 3166 alpha-2 codes.
    cumulative, land_cumulative : ndarray of float64, shape (n_countries,)
        Cumulative share of imports, of all and of those that arrive over land.
    sea_days, relay, price : ndarray of float64, shape (n_countries,)
        Days at sea, share transshipped, log price factor.
    agreement : ndarray of int64, shape (n_countries,)
        Number of the preference code in ``preferences``, -1 where none.
    partners, sources, hubs : ndarray of int64
        Countries with an agreement that launderers claim, countries whose goods are laundered,
        and countries with a hub.
    ports : tuple of str
        UN/LOCODE of seaports and airports.
    port_start, port_count, airport : ndarray of int64, shape (n_countries,)
        Where a country's seaports stand in ``ports``, how many, and its airport.
    hub_ports : ndarray of int64
        Seaports of the hubs.
    towns : tuple of tuple of str
        Towns of each country, for the names of shippers.
    """

    countries: tuple[str, ...]
    cumulative: np.ndarray
    land_cumulative: np.ndarray
    sea_days: np.ndarray
    relay: np.ndarray
    price: np.ndarray
    agreement: np.ndarray
    preferences: tuple[str, ...]
    partners: np.ndarray
    sources: np.ndarray
    hubs: np.ndarray
    ports: tuple[str, ...]
    port_start: np.ndarray
    port_count: np.ndarray
    airport: np.ndarray
    hub_ports: np.ndarray
    towns: tuple[tuple[str, ...], ...]

    def draw(self, uniform: np.ndarray, land: np.ndarray) -> np.ndarray:
        """Return countries of origin by their share of imports, of those over land where so."""
        anywhere = np.searchsorted(self.cumulative, uniform, side="right")
        return np.where(
            land, np.searchsorted(self.land_cumulative, uniform, side="right"), anywhere
        )

    def seaport(self, country: np.ndarray, uniform: np.ndarray) -> np.ndarray:
        """Return a seaport of each country, the first ones oftener, -1 where it has none."""
        count = self.port_count[country]
        chosen = np.minimum((uniform**1.6 * count).astype(np.int64), count - 1)
        return np.where(count > 0, self.port_start[country] + chosen, -1)


@dataclass(frozen=True)
class Carriers:
    """Carriers with their vessels.

    Attributes
    ----------
    ids : tuple of str
        Carrier codes.
    prefixes : tuple of str
        Owner prefix of their containers, ISO 6346.
    by_mode : ndarray of float64, shape (4, n_carriers)
        Cumulative share among the carriers of each mode.
    vessels : tuple of str
        Names of all vessels.
    vessel_start, vessel_count : ndarray of int64, shape (n_carriers,)
        Where a carrier's vessels stand in ``vessels``, and how many.
    """

    ids: tuple[str, ...]
    prefixes: tuple[str, ...]
    by_mode: np.ndarray
    vessels: tuple[str, ...]
    vessel_start: np.ndarray
    vessel_count: np.ndarray

    def draw(self, mode: np.ndarray, uniform: np.ndarray) -> np.ndarray:
        """Return a carrier for each mode number."""
        carrier: np.ndarray = (uniform[:, None] >= self.by_mode[mode]).sum(axis=1)
        result: np.ndarray = np.minimum(carrier, len(self.ids) - 1)
        return result


def build_places() -> Places:
    """Read the countries of the package's table."""
    rows = read_rows("countries.csv")
    countries = tuple(row["country"] for row in rows)
    seaports = [[port for port in row["ports"].split("|") if port] for row in rows]
    ports = list(dict.fromkeys(port for group in seaports for port in group))
    counts = np.array([len(group) for group in seaports])
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    ports += [row["airport"] for row in rows if row["airport"] not in ports]
    preferences = tuple(dict.fromkeys(row["preference"] for row in rows if row["preference"]))
    agreement = np.array(
        [preferences.index(r["preference"]) if r["preference"] else -1 for r in rows]
    )
    hubs = np.flatnonzero(_numbers(rows, "hub"))
    weight = _numbers(rows, "weight")
    return Places(
        countries=countries,
        cumulative=_cumulative(weight),
        land_cumulative=_cumulative(weight * _numbers(rows, "land")),
        sea_days=_numbers(rows, "sea_days"),
        relay=_numbers(rows, "relay_share"),
        price=np.log(_numbers(rows, "price_factor")),
        agreement=agreement,
        preferences=preferences,
        partners=np.array([countries.index(code) for code in ("MY", "TH", "ID", "KH", "LA")]),
        sources=np.flatnonzero(_numbers(rows, "diverted_from")),
        hubs=hubs,
        ports=tuple(ports),
        port_start=starts,
        port_count=counts,
        airport=np.array([ports.index(row["airport"]) for row in rows]),
        hub_ports=np.concatenate([starts[h] + np.arange(counts[h]) for h in hubs]),
        towns=tuple(tuple(row["towns"].split("|")) for row in rows),
    )


def build_carriers() -> Carriers:
    """Read the carriers of the package's table."""
    rows = read_rows("carriers.csv")
    fleets = [[name for name in row["vessels"].split("|") if name] for row in rows]
    counts = np.array([len(fleet) for fleet in fleets])
    weight = _numbers(rows, "weight")
    kinds = np.array([MODES.index(row["kind"]) for row in rows])
    shares = [_cumulative(weight * (kinds == mode)) for mode in range(len(MODES))]
    return Carriers(
        ids=tuple(row["carrier"] for row in rows),
        prefixes=tuple(row["prefix"] for row in rows),
        by_mode=np.vstack(shares),
        vessels=tuple(name for fleet in fleets for name in fleet),
        vessel_start=np.concatenate([[0], np.cumsum(counts)[:-1]]),
        vessel_count=counts,
    )


def _numbers(rows: list[dict[str, str]], name: str) -> np.ndarray:
    return np.array([float(row[name]) for row in rows])


def _cumulative(weight: np.ndarray) -> np.ndarray:
    cumulative: np.ndarray = np.cumsum(weight) / weight.sum()
    return cumulative
