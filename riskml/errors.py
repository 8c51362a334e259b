"""What can go wrong, and what to do about it.

::

    RiskmlError                    the work failed                  exit code 1
    |-- UsageError                 the call itself is wrong         exit code 2
    |-- ConfigError                a TOML key or setting is wrong   exit code 2
    |-- DataError                  a table or a file is wrong
    |   |-- UnreadableFileError    not there, or not of its format
    |   |-- MissingColumnError     a required column is absent
    |   |-- EmptyTableError        no row is left to work with
    |   |-- InputError             what an estimator was given cannot be used (also a ValueError)
    |   `-- TooManyBadRowsError    the share of quarantined rows is too high
    |-- HistoryError               an event or a query breaks the rules of time
    |-- LabelError                 there is no label to learn from, or to judge by
    |-- BundleError                a model bundle is incomplete, altered or foreign
    |-- GateError                  a promotion was refused
    |-- LedgerError                the ledger cannot be read, written or verified
    |-- PolicyError                a rehearsed policy overspent, or looked where it may not
    |-- ClusterError               no Dask scheduler answers, or it lost too many workers
    `-- ServiceError               the scoring service cannot start or answer

Every message is one line: it names what was wrong, where, and what to do.
"""

__all__ = [
    "BundleError",
    "ClusterError",
    "ConfigError",
    "DataError",
    "EmptyTableError",
    "GateError",
    "HistoryError",
    "InputError",
    "LabelError",
    "LedgerError",
    "MissingColumnError",
    "PolicyError",
    "RiskmlError",
    "ServiceError",
    "TooManyBadRowsError",
    "UnreadableFileError",
    "UsageError",
]


class RiskmlError(Exception):
    """Base of every error that riskml raises on purpose.

    Parameters
    ----------
    message : str
        What was wrong and where, without a full stop.
    remedy : str, optional
        What to do about it.
    """

    exit_code = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        self.message = message
        self.remedy = remedy
        super().__init__(f"{message}: {remedy}" if remedy else message)


class UsageError(RiskmlError):
    """The call itself is wrong: an unknown stage, an impossible date, a bad option."""

    exit_code = 2


class ConfigError(RiskmlError):
    """A key of a TOML file, or a setting, is missing, unknown or impossible."""

    exit_code = 2


class DataError(RiskmlError):
    """A table or a file cannot be used as it is."""


class UnreadableFileError(DataError):
    """A file is absent, or its content is not of the format its name promises."""


class MissingColumnError(DataError):
    """A required column is absent from a table."""


class EmptyTableError(DataError):
    """A table has no row, or none is left after validation."""


class InputError(DataError, ValueError):
    """What an estimator was given cannot be used; a ValueError too, as scikit-learn expects."""


class TooManyBadRowsError(DataError):
    """More rows failed validation than the configured share allows."""


class HistoryError(RiskmlError):
    """An event or a query breaks the rules of time, or a sum leaves its range."""


class LabelError(RiskmlError):
    """There is no matured label, or only one class, where labels are needed."""


class BundleError(RiskmlError):
    """A model bundle is incomplete, altered, or of another format version."""


class GateError(RiskmlError):
    """A promotion was refused by a gate."""


class LedgerError(RiskmlError):
    """The ledger cannot be reached, read, written or verified."""


class PolicyError(RiskmlError):
    """A rehearsed policy overspent its capacity, or looked at what nobody knew yet."""


class ClusterError(RiskmlError):
    """A Dask scheduler does not answer, or lost too many workers to go on."""


class ServiceError(RiskmlError):
    """The scoring service cannot start or cannot answer."""
