"""Reports as PDF, where the system has the libraries that WeasyPrint draws with."""

import logging
from typing import Any, NoReturn

from riskml.errors import RiskmlError

__all__ = ["PdfUnavailableError", "render_pdf"]

PACKAGES = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
"""What Debian calls the libraries."""


class PdfUnavailableError(RiskmlError):
    """WeasyPrint, or a system library it needs, is not installed."""


def render_pdf(html: str) -> bytes:
    """Return a page as a PDF document.

    Parameters
    ----------
    html : str
        A complete page that needs nothing from elsewhere; whatever it asks for is refused.

    Returns
    -------
    bytes
        The document.

    Raises
    ------
    PdfUnavailableError
        If WeasyPrint or its system libraries are missing.
    """
    weasyprint = _load()
    content: bytes = weasyprint.HTML(string=html, url_fetcher=_refuse).write_pdf()
    return content


def _load() -> Any:
    # It reports style rules meant for screens as warnings.
    logging.getLogger("weasyprint").setLevel(logging.CRITICAL)
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    try:
        import weasyprint
    except ImportError as error:
        raise PdfUnavailableError(
            "a PDF needs WeasyPrint", "install riskml[reports], or leave out --pdf"
        ) from error
    except OSError as error:
        raise PdfUnavailableError(
            "a PDF needs the Pango libraries of the system",
            f"apt install {PACKAGES}, or leave out --pdf",
        ) from error
    return weasyprint


def _refuse(url: str, *_args: Any, **_options: Any) -> NoReturn:
    raise ValueError(f"a report fetches nothing, not even {url}")
