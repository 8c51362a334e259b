"""Reasons in words, Vietnamese and English, with the values they rest on."""

from collections.abc import Sequence
from typing import Literal

from riskml.explanation.codes import REASON_CODES
from riskml.features import Feature

__all__ = ["Language", "format_number", "reason_text"]

Language = Literal["en", "vi"]

_MOVES = {
    ("en", True): "{title}: raises the risk ({amount})",
    ("en", False): "{title}: lowers the risk ({amount})",
    ("vi", True): "{title}: làm tăng rủi ro ({amount})",
    ("vi", False): "{title}: làm giảm rủi ro ({amount})",
}
_MISSING = {"en": "not known", "vi": "không rõ"}
_UNITS_VI = {
    "codes": "mã",
    "days": "ngày",
    "digits": "chữ số",
    "hours": "giờ",
    "inspections": "lần kiểm tra",
    "kg": "kg",
    "lines": "dòng hàng",
    "log currency": "log tiền tệ",
    "log currency/kg": "log tiền tệ/kg",
    "log kg": "log kg",
    "log packages": "log kiện",
    "log units": "log đơn vị",
    "percent": "phần trăm",
    "scans": "lần soi chiếu",
    "violations": "vi phạm",
}
"""Vietnamese units; a unit that is not here is shown as it is."""


def reason_text(
    code: str,
    contribution: float,
    features: Sequence[Feature],
    values: Sequence[float | str | None],
    language: Language,
) -> str:
    """Say what a reason rests on.

    Parameters
    ----------
    code : str
        A reason code.
    contribution : float
        Of the whole group, in log-odds.
    features, values : sequences of equal length
        The evidence, strongest first; None is a missing value.
    language : {"en", "vi"}
        Language of the text.

    Examples
    --------
    >>> count = Feature("n", "number", "parties", "Earlier lines", "Số dòng", unit="lines")
    >>> reason_text("R-PARTY", 0.5, [count], [1234.0], "en")
    'The parties and how they trade: raises the risk (+0.50). Earlier lines: 1,234 lines.'
    """
    entry = REASON_CODES[code]
    title = entry.title_en if language == "en" else entry.title_vi
    sentence = _MOVES[language, contribution > 0].format(
        title=title, amount=_signed(contribution, language)
    )
    evidence = "; ".join(
        _evidence(feature, value, language) for feature, value in zip(features, values, strict=True)
    )
    return f"{sentence}. {evidence}." if evidence else f"{sentence}."


def format_number(value: float, language: Language) -> str:
    """Write a number with four significant digits and the language's separators.

    Examples
    --------
    >>> format_number(1234567.0, "en"), format_number(1234567.0, "vi")
    ('1,234,567', '1.234.567')
    >>> format_number(0.12345, "vi")
    '0,1235'
    """
    text = f"{value:,.0f}" if 1000 <= abs(value) < 1e15 else f"{value:.4g}"
    return text if language == "en" else text.translate(str.maketrans(",.", ".,"))


def _signed(value: float, language: Language) -> str:
    text = f"{value:+.2f}"
    return text if language == "en" else text.replace(".", ",")


def _evidence(feature: Feature, value: float | str | None, language: Language) -> str:
    description = feature.description_en if language == "en" else feature.description_vi
    return f"{description or feature.name}: {_value(feature, value, language)}"


def _value(feature: Feature, value: float | str | None, language: Language) -> str:
    if value is None:
        return _MISSING[language]
    if isinstance(value, str):
        return value
    unit = feature.unit if language == "en" else _UNITS_VI.get(feature.unit, feature.unit)
    return f"{format_number(value, language)} {unit}".rstrip()
