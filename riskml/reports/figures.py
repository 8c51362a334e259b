"""Charts as small SVG drawings, made from numbers alone.

Colours stand twice: as attributes, for print and for readers that know no style sheet, and as
classes, through which the page gives them its light or dark palette.
"""

from collections.abc import Iterator
from math import floor, log10
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from babel.numbers import format_decimal

from riskml.reports.content import Dot, DotChart, Estimate, Figure, Missing, Rate
from riskml.reports.formatting import format_cell
from riskml.reports.wording import Language

__all__ = ["draw", "ticks"]

WIDTH, LEFT, RIGHT, TOP, BOTTOM, LINE = 760, 190, 36, 30, 30, 32
LONGEST_LABEL = 27
FONTS = "Noto Sans, Liberation Sans, Arial, sans-serif"

INK, MUTED, RULE, ACCENT = "#1c2429", "#56616a", "#d8d4ca", "#0b5a73"


def draw(figure: Figure, language: Language) -> str:
    """Return a figure as one SVG element.

    Parameters
    ----------
    figure : Figure
        What to draw.
    language : {"en", "vi"}
        Language of its numbers.

    Returns
    -------
    str
        SVG markup; every text in it is escaped.
    """
    chart = figure.chart
    height = TOP + LINE * len(chart.dots) + BOTTOM
    top = axis_end(chart)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img"'
        f" aria-label={quoteattr(f'{figure.title}. {figure.description}')}"
        f' font-size="13" font-family="{FONTS}">',
        *_axis(top, height, language),
        *_reference(chart, top, height),
    ]
    for number, dot in enumerate(chart.dots):
        parts += _dot(dot, TOP + LINE * number + LINE / 2, top, language)
    return "".join((*parts, "</svg>"))


def axis_end(chart: DotChart) -> float:
    """Return where the axis ends: all whiskers, unless one would squeeze everything else.

    An office with five scans has an interval of half the axis; it is cut off and marked.
    """
    highs = [_bounds(dot.rate)[1] for dot in chart.dots if not isinstance(dot.rate, Missing)]
    values = [dot.rate.value for dot in chart.dots if not isinstance(dot.rate, Missing)]
    reference = chart.reference or 0.0
    wanted = min(max(highs, default=0.01), max(3 * max(values, default=0.0), 4 * reference, 1e-4))
    return max(wanted, 1.3 * reference)


def ticks(end: float, most: int = 6) -> list[float]:
    """Return round values from 0 up to ``end``, at most ``most`` of them beyond 0.

    Examples
    --------
    >>> ticks(0.067)
    [0.0, 0.02, 0.04, 0.06]
    """
    power = 10.0 ** floor(log10(end / most))
    step = next(s * power for s in (1, 2, 5, 10, 20) if end / (s * power) <= most)
    return [round(step * i, 12) for i in range(int(end / step + 1e-9) + 1)]


def _axis(end: float, height: int, language: Language) -> Iterator[str]:
    bottom = height - BOTTOM
    for tick in ticks(end):
        at = _x(tick, end)
        label = f"{format_decimal(100 * tick, format='#,##0.####', locale=language)} %"
        yield _line("rule", RULE, x1=at, x2=at, y1=TOP, y2=bottom, stroke_width=1)
        yield _text(label, "muted", MUTED, x=at, y=bottom + 19, text_anchor="middle")


def _reference(chart: DotChart, end: float, height: int) -> Iterator[str]:
    if chart.reference is None:
        return
    at, bottom = _x(chart.reference, end), height - BOTTOM
    yield _line(
        "ink", INK, x1=at, x2=at, y1=TOP - 6, y2=bottom, stroke_width=1.2, stroke_dasharray="3 3"
    )
    yield _text(chart.reference_label, "ink", INK, x=at, y=TOP - 12, text_anchor="middle")


def _dot(dot: Dot, y: float, end: float, language: Language) -> Iterator[str]:
    label = dot.label
    if len(label) > LONGEST_LABEL:
        label = f"{label[: LONGEST_LABEL - 1]}…"
    yield _text(label, "ink", INK, x=LEFT - 16, y=y + 4.5, text_anchor="end")
    if isinstance(dot.rate, Missing):
        text = format_cell(dot.rate, "rate", language)
        yield _text(text, "muted", MUTED, x=LEFT + 8, y=y + 4.5)
        return
    lower, upper = _bounds(dot.rate)
    low, value, high = (_x(share, end) for share in (lower, dot.rate.value, min(upper, end)))
    yield _line("accent", ACCENT, x1=low, x2=high, y1=y, y2=y, stroke_width=2, stroke_opacity=0.55)
    ends = (low,) if upper > end else (low, high)
    for at in ends:
        yield _line("accent", ACCENT, x1=at, x2=at, y1=y - 5, y2=y + 5, stroke_width=2)
    if upper > end:
        path = f"M{high - 6:.1f} {y - 5:.1f} L{high:.1f} {y:.1f} L{high - 6:.1f} {y + 5:.1f}"
        yield f'<path class="s-accent" d="{path}" fill="none" stroke="{ACCENT}" stroke-width="2"/>'
    yield f'<circle class="f-accent" cx="{value:.1f}" cy="{y:.1f}" r="5.5" fill="{ACCENT}"/>'


def _bounds(rate: Rate | Estimate) -> tuple[float, float]:
    low, high = rate.low, rate.high
    return (rate.value if low is None else low, rate.value if high is None else high)


def _x(share: float, end: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * share / end


def _line(tone: str, colour: str, **attributes: Any) -> str:
    return f'<line class="s-{tone}" stroke="{colour}" {_attributes(attributes)}/>'


def _text(text: str, tone: str, colour: str, **attributes: Any) -> str:
    return f'<text class="f-{tone}" fill="{colour}" {_attributes(attributes)}>{escape(text)}</text>'


def _attributes(attributes: dict[str, Any]) -> str:
    written = {
        name.replace("_", "-"): f"{value:.1f}" if isinstance(value, float) else str(value)
        for name, value in attributes.items()
    }
    return " ".join(f"{name}={quoteattr(value)}" for name, value in written.items())
