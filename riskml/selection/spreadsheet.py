"""CSV that a spreadsheet can open without running what somebody wrote into a bill number."""

import pandas as pd

__all__ = ["csv_bytes", "protect", "unprotect"]

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")


def protect(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would take for a formula.

    Examples
    --------
    >>> protect("=1+1"), protect("MSCU1234566")
    ("'=1+1", 'MSCU1234566')
    """
    return f"'{text}" if text.lstrip(" '").startswith(DANGEROUS) else text


def unprotect(text: str) -> str:
    """Take away what `protect` added.

    Examples
    --------
    >>> unprotect("'=1+1"), unprotect("'quoted'")
    ('=1+1', "'quoted'")
    """
    return text[1:] if text.startswith("'") and protect(text[1:]) == text else text


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """Return a frame as a UTF-8 CSV; missing values are blank, numbers keep every digit."""
    safe = frame.copy()
    for name in safe:
        if isinstance(safe[name].dtype, pd.StringDtype) or safe[name].dtype == object:
            safe[name] = safe[name].map(
                lambda value: protect(value) if isinstance(value, str) else value,
                na_action="ignore",
            )
    return bytes(safe.to_csv(index=False, lineterminator="\n").encode())
