"""Between Optuna's parameters and model definitions."""

from collections.abc import Iterator, Mapping
from typing import Any

from riskml.errors import ConfigError
from riskml.training.definition import ModelDefinition
from riskml.training.space import Choices, Search

__all__ = ["distributions", "own_parameters", "with_parameters"]


def distributions(definition: ModelDefinition) -> dict[str, Any]:
    """Return Optuna's distribution of every searched setting, by dotted name.

    Raises
    ------
    ConfigError
        If nothing is searched, or a value of the definition itself lies outside its range: it is
        the first trial.
    """
    own = own_parameters(definition)
    found = {}
    for name, search in _searched(definition):
        if not search.holds(own[name]):
            raise ConfigError(
                f"{name} = {own[name]} lies outside tuning.space.{name}",
                "widen the range: the definition's own parameters are the first trial",
            )
        found[name] = _distribution(search, own[name])
    if not found:
        raise ConfigError("the model definition searches nothing", "fill [tuning.space]")
    return found


def own_parameters(definition: ModelDefinition) -> dict[str, Any]:
    """Return the definition's own values of what it searches, by dotted name."""
    found = {}
    for name, _ in _searched(definition):
        part, _, key = name.partition(".")
        found[name] = getattr(getattr(definition, part), key)
    return found


def with_parameters(
    definition: ModelDefinition, parameters: Mapping[str, object]
) -> ModelDefinition:
    """Return the definition with other values under dotted names."""
    data = definition.model_dump()
    for name, value in parameters.items():
        part, _, key = name.partition(".")
        data[part][key] = value
    return ModelDefinition.model_validate(data)


def _searched(definition: ModelDefinition) -> Iterator[tuple[str, Search]]:
    for part, entries in definition.tuning.space.items():
        for key, search in entries.items():
            yield f"{part}.{key}", search


def _distribution(search: Search, own: object) -> Any:
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    if isinstance(search, Choices):
        return CategoricalDistribution(search.choices)
    if isinstance(own, int):
        return IntDistribution(int(search.low), int(search.high), log=search.log)
    return FloatDistribution(float(search.low), float(search.high), log=search.log)
