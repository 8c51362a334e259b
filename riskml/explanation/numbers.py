"""Numbers inside sentences, quickly: thousands are written for every request."""

from functools import lru_cache

from riskml.explanation.catalogue import Language

__all__ = ["amount", "change", "format_number", "share", "signed"]

REMEMBERED = 1000
"""Numbers that are remembered as they were written: every language asks for the same."""


def _grouped(value: float, language: Language) -> str:
    """Write a whole number with its thousands apart."""
    text = f"{value:,.0f}"
    return text if language == "en" else text.replace(",", ".")


def format_number(value: float, language: Language) -> str:
    """Write a number with three significant digits after the point at most.

    Examples
    --------
    >>> format_number(1234567.0, "en"), format_number(1234567.0, "vi")
    ('1,234,567', '1.234.567')
    >>> format_number(0.12345, "vi")
    '0,1235'
    """
    if 1000 <= abs(value) < 1e15:
        return _grouped(value, language)
    text = f"{value:.4g}"
    return text if language == "en" else text.replace(".", ",")


def amount(value: float, language: Language) -> str:
    """Write a count or a large quantity as a whole number.

    Examples
    --------
    >>> amount(12399.6, "vi")
    '12.400'
    """
    if abs(value) >= 1e15:
        return format_number(value, language)
    # Zero has no sign: equal numbers share what is remembered, and must read alike.
    return _amount(value + 0.0)[language]


@lru_cache(maxsize=REMEMBERED)
def _amount(value: float) -> dict[Language, str]:
    return {"en": _grouped(value, "en"), "vi": _grouped(value, "vi")}


def share(value: float, language: Language, decimals: int = 1) -> str:
    """Write a share of one as a percentage; small ones keep their first digits.

    Examples
    --------
    >>> share(0.1765, "en"), share(0.00232, "vi"), share(1.0, "en")
    ('17.6 %', '0,23 %', '100 %')
    """
    return _share(value + 0.0, decimals)[language]


@lru_cache(maxsize=REMEMBERED)
def _share(value: float, decimals: int) -> dict[Language, str]:
    if 0 < abs(value) < 0.01 and decimals:
        decimals = 2
    text = f"{100 * value:.{decimals}f} %"
    if "." in text:
        text = f"{text[:-2].rstrip('0').rstrip('.')} %"
    return {"en": text, "vi": text.replace(".", ",")}


def change(value: float, language: Language) -> str:
    """Write by how much something differs, with its sign.

    Examples
    --------
    >>> change(-0.209, "en"), change(2.953, "vi"), change(0.0, "en")
    ('−21 %', '+295 %', '+0 %')
    """
    sign = "−" if round(100 * value) < 0 else "+"
    return f"{sign}{_grouped(abs(100 * value), language)} %"


def signed(value: float, language: Language) -> str:
    """Write a contribution in log-odds.

    Examples
    --------
    >>> signed(0.5, "en"), signed(-1.25, "vi")
    ('+0.50', '−1,25')
    """
    text = f"{value:+.2f}".replace("-", "−")
    return text if language == "en" else text.replace(".", ",")
