"""Reports as one HTML file that opens offline: style inside, no script, nothing to fetch."""

import re
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from riskml.reports.content import Cell, Figure, Kind, Missing, Report
from riskml.reports.figures import draw
from riskml.reports.formatting import format_cell

__all__ = ["render_html"]

TEMPLATES = Path(__file__).parent / "templates"
_FIGURE = re.compile(r"\d[\d.,]*(?: – \d[\d.,]*)? %")


def render_html(report: Report) -> str:
    """Return a report as a complete HTML document.

    Whatever stands in the report's texts is escaped; a content security policy in the page
    forbids scripts and requests besides.

    Parameters
    ----------
    report : Report
        What to render.

    Returns
    -------
    str
        The document.
    """
    language = report.language

    def cell(value: Cell, kind: Kind) -> str:
        return format_cell(value, kind, language)

    def svg(figure: Figure) -> Markup:
        return Markup(draw(figure, language))  # noqa: S704 - the drawing escapes its texts

    style = Markup(_style())  # noqa: S704 - our own file
    template = _environment().get_template("report.html.j2")
    return template.render(report=report, style=style, cell=cell, svg=svg, prose=_prose)


def _prose(text: str) -> Markup:
    """Escape a sentence and keep each percentage in it on one line."""
    safe = str(escape(text))
    wrapped = _FIGURE.sub(lambda found: f'<span class="figure">{found.group()}</span>', safe)
    return Markup(wrapped)  # noqa: S704 - escaped above; the pattern matches no markup


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.tests["missing_value"] = lambda value: isinstance(value, Missing)
    return environment


@lru_cache(maxsize=1)
def _style() -> str:
    return (TEMPLATES / "report.css").read_text(encoding="utf-8")
