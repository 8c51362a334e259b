"""Valuation: declared value, unit price against peers, duty at stake."""

import numpy as np

from riskml.features.batch import Batch, roll
from riskml.features.definition import Definition, Direct, direct
from riskml.features.derived import columns_behind
from riskml.features.featureset import Feature
from riskml.features.past import past
from riskml.history import Statistic

__all__ = ["definitions"]

_POWERS = 10.0 ** np.arange(1, 7)
_PEERS = ("commodity_code", "origin_country")


def definitions(stage: str) -> list[Definition]:
    """Return the features of this family for ``stage``; manifests carry no value."""
    if stage != "declaration":
        return []
    table = "declarations"
    found = [
        past("valuation", table, Statistic(key, kind, column="unit_price", days=365.0), how=how)
        for key in (_PEERS, ("commodity_code",))
        for kind, how in (
            ("price_percentile", "min"),
            ("price_percentile", "max"),
            ("price_log_ratio", "min"),
            ("price_log_ratio", "max"),
        )
    ]
    # Prices move: the last month's say more where there are any, the year's where there are few.
    found += [
        past("valuation", table, Statistic(_PEERS, kind, column="unit_price", days=30.0), how=how)
        for kind, how in (("price_percentile", "min"), ("price_log_ratio", "min"))
    ]
    return [*found, *(direct(feature, compute) for feature, compute in _DIRECT)]


def _number(name: str, english: str, vietnamese: str, column: str, unit: str) -> Feature:
    sources = tuple(f"declarations.{source}" for source in columns_behind(column.split()))
    return Feature(name, "number", "valuation", english, vietnamese, unit, sources=sources)


def _log_value(batch: Batch) -> np.ndarray:
    return np.asarray(np.log1p(np.maximum(roll(batch, batch.numbers("customs_value"), "sum"), 0.0)))


def _log_price(how: str) -> Direct:
    def compute(batch: Batch) -> np.ndarray:
        prices = batch.numbers("unit_price")
        return roll(batch, np.log(np.where(prices > 0, prices, np.nan)), how)

    return compute


def _log_duty(batch: Batch) -> np.ndarray:
    rate = batch.numbers("duty_rate") / 100.0
    stake = batch.numbers("duty_amount")
    stake = np.where(np.isnan(stake), batch.numbers("customs_value") * rate, stake)
    return np.asarray(np.log1p(np.maximum(roll(batch, stake, "sum"), 0.0)))


def _duty_rate(batch: Batch) -> np.ndarray:
    return roll(batch, batch.numbers("duty_rate"), "max")


def _value_roundness(batch: Batch) -> np.ndarray:
    """Count trailing zeros of the largest declared value, in whole units of currency."""
    values = roll(batch, batch.numbers("customs_value"), "max")
    whole = np.floor(values)[:, None]
    zeros = ((whole > 0) & (np.mod(whole, _POWERS) == 0)).sum(axis=1)
    return np.where(np.isnan(values), np.nan, zeros)


_DIRECT = (
    (
        _number(
            "log_customs_value",
            "Logarithm of the customs value of the consignment",
            "Lô-ga-rít trị giá hải quan của lô hàng",
            "customs_value",
            "log currency",
        ),
        _log_value,
    ),
    (
        _number(
            "log_unit_price_min",
            "Logarithm of the lowest unit price among the lines",
            "Lô-ga-rít đơn giá thấp nhất trong các dòng",
            "unit_price",
            "log currency/kg",
        ),
        _log_price("min"),
    ),
    (
        _number(
            "log_unit_price_max",
            "Logarithm of the highest unit price among the lines",
            "Lô-ga-rít đơn giá cao nhất trong các dòng",
            "unit_price",
            "log currency/kg",
        ),
        _log_price("max"),
    ),
    (
        _number(
            "duty_rate_max",
            "Highest duty rate among the lines",
            "Thuế suất cao nhất trong các dòng",
            "duty_rate",
            "percent",
        ),
        _duty_rate,
    ),
    (
        _number(
            "log_duty_at_stake",
            "Logarithm of the duty at stake",
            "Lô-ga-rít số thuế liên quan",
            "duty_amount customs_value duty_rate",
            "log currency",
        ),
        _log_duty,
    ),
    (
        _number(
            "value_roundness",
            "Trailing zeros of the highest declared value",
            "Số chữ số không ở cuối trị giá khai báo cao nhất",
            "customs_value",
            "digits",
        ),
        _value_roundness,
    ),
)
