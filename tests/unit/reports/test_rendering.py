"""Reports as pages and as text: safe, legible, offline, in two languages."""

import re
from datetime import date
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from unicodedata import normalize

import pytest

from riskml.errors import DataError, UsageError
from riskml.reports import formatting, model_wording, pdf, period_wording, published
from riskml.reports.content import (
    Cell,
    Column,
    Dot,
    DotChart,
    Facts,
    Figure,
    KeyFigure,
    KeyFigures,
    Kind,
    Missing,
    Paragraph,
    RankRange,
    Rate,
    Report,
    Row,
    Section,
    Table,
)
from riskml.reports.counts import Group, PeriodCounts, Source, Tally
from riskml.reports.figures import axis_end, draw, ticks
from riskml.reports.files import write_files
from riskml.reports.formatting import format_cell
from riskml.reports.html import TEMPLATES, render_html
from riskml.reports.period import period_report
from riskml.reports.published import public_page
from riskml.reports.text import render_text
from riskml.reports.wording import LANGUAGES, Message, check_language

HOSTILE = "<script>alert('x')</script><img src=http://x/ onerror=a>&\x1b[31m"
CSS = (TEMPLATES / "report.css").read_text(encoding="utf-8")


def hostile_report() -> Report:
    office = Group(HOSTILE, Tally(10, 1, 1))
    counts = PeriodCounts(
        Tally(20, 2, 1),
        (office, Group("\"'>", Tally(10, 1, 0))),
        Source(HOSTILE, note=HOSTILE),
        modes=(office,),
        title=HOSTILE,
        office=HOSTILE,
    )
    return period_report(counts, "en", date(2020, 10, 1))


class Page(HTMLParser):
    """Collects the tags and attributes of a page, and checks that it is well nested."""

    VOID = frozenset({"meta", "line", "circle", "path", "br"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_page_is_one_file_that_runs_and_fetches_nothing() -> None:
    html = render_html(hostile_report())
    page = Page(html)
    assert not {"script", "img", "link", "iframe", "object", "base", "a"} & set(page.tags)
    names = {name for name, _ in page.attributes}
    assert not {"src", "href", "srcset", "style"} & names
    assert not any(name.startswith("on") for name in names)
    assert "url(" not in CSS
    assert "@import" not in CSS
    assert "default-src 'none'" in html


def test_a_page_can_be_read_by_everybody() -> None:
    page = Page(render_html(hostile_report()))
    assert ("lang", "en") in page.attributes
    assert page.tags.count("h1") == 1
    assert page.tags.count("caption") == page.tags.count("table") > 0
    assert ("scope", "row") in page.attributes
    assert ("role", "img") in page.attributes


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", range(3))
def test_contrast_reaches_wcag_aa_in_light_dark_and_print(theme: int) -> None:
    palettes = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)
    assert len(palettes) == 3
    palette = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", palettes[theme]))
    for tone in ("ink", "muted", "accent"):
        dark, light = sorted((luminance(palette[tone]), luminance(palette["sheet"])))
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (tone, palette)


def test_percentages_do_not_break() -> None:
    report = Report("T", "en", (Section("", (Paragraph("a < b, 2.32 %, 0.35 – 0.71 %."),)),))
    html = render_html(report)
    assert 'a &lt; b, <span class="figure">2.32 %</span>' in html
    assert '<span class="figure">0.35 – 0.71 %</span>' in html


def test_text_cannot_steer_the_terminal() -> None:
    text = render_text(hostile_report())
    assert "\x1b" not in text
    assert "<script>" in text


def test_text_is_aligned_also_with_vietnamese_marks() -> None:
    rows = (Row(("Hải Phòng", 1)), Row((normalize("NFD", "Hải Phòng"), 22)), Row(("港", 333)))
    table = Table("T", (Column("Đơn vị"), Column("n", "count")), rows)
    report = Report("T", "vi", (Section("S", (table, Facts((("a", "b"),)))),))
    lines = render_text(report, tables_only=True).splitlines()
    body = [line for line in lines if line.endswith(("1", "22", "333"))]
    assert [line.rindex(line.split()[-1]) + len(line.split()[-1]) for line in body] == [14, 16, 13]
    assert "a: b" not in lines
    assert "a: b" in render_text(report)


EVERY_MESSAGE = [
    message
    for module in (formatting, model_wording, period_wording, published)
    for value in vars(module).values()
    for message in (value.values() if isinstance(value, dict) else [value])
    if isinstance(message, Message)
]


def test_every_wording_exists_in_both_languages() -> None:
    assert len(EVERY_MESSAGE) > 60
    same = {message.en for message in EVERY_MESSAGE if message.en == message.vi}
    assert same <= {"SHA-256 {digest}"}


@pytest.mark.parametrize(("en", "vi"), [("a", " "), ("", "b"), ("{n} a", "b"), ("{n}", "{m}")])
def test_a_message_in_one_language_only_cannot_be_written(en: str, vi: str) -> None:
    with pytest.raises(ValueError, match="language"):
        Message(en=en, vi=vi)


def test_other_languages_are_refused() -> None:
    with pytest.raises(UsageError, match="unknown language 'fr'"):
        check_language("fr")
    assert [check_language(language) for language in LANGUAGES] == ["en", "vi"]


@pytest.mark.parametrize(
    ("cell", "kind", "en", "vi"),
    [
        ("text", "text", "text", "text"),
        (1234567, "count", "1,234,567", "1.234.567"),
        (0.00816, "share", "0.82 %", "0,82 %"),
        (12.5, "number", "12.5", "12,5"),
        (Rate(1, 8, 0.02, 0.47), "rate", "12.50 %", "12,50 %"),
        (Rate(1, 8, 0.02, 0.47), "interval", "2.00 – 47.00 %", "2,00 – 47,00 %"),
        (RankRange(2, 2), "rank", "2", "2"),
        (RankRange(1, 3), "rank", "1 – 3", "1 – 3"),
        (date(2020, 7, 1), "month", "July 2020", "07/2020"),
        (date(2020, 7, 1), "day", "1 July 2020", "01/07/2020"),
        (Missing.UNKNOWN, "count", "unknown", "không rõ"),
        (Missing.NOT_APPLICABLE, "rate", "n/a", "không áp dụng"),
        ("", "rank", "", ""),
    ],
)
def test_cells_are_written_in_the_language(cell: Cell, kind: Kind, en: str, vi: str) -> None:
    assert (format_cell(cell, kind, "en"), format_cell(cell, kind, "vi")) == (en, vi)


def test_a_cell_of_another_kind_is_a_mistake() -> None:
    with pytest.raises(TypeError, match="'count' cannot show 'many'"):
        format_cell("many", "count", "en")
    with pytest.raises(ValueError, match="1 columns, but 2 cells"):
        Table("T", (Column("a"),), (Row(("x", "y")),))


def chart(*dots: Dot, reference: float | None = 0.005) -> str:
    return draw(Figure("Title", "Text", DotChart(dots, reference, "all: 0.50 %")), "en")


def test_a_chart_names_every_line_and_escapes_it() -> None:
    svg = chart(
        Dot("<b>&", Rate(1, 100, 0.001, 0.05)),
        Dot("a" * 40, Missing.UNKNOWN),
        Dot("five scans", Rate(0, 5, 0.0, 0.43)),
    )
    Page(svg)
    assert "&lt;b&gt;&amp;" in svg
    assert "aaa…" in svg
    assert "unknown" in svg
    assert svg.count("<circle") == 2


def test_one_wide_interval_does_not_squeeze_the_others() -> None:
    wide, usual = Dot("w", Rate(0, 5, 0.0, 0.43)), Dot("u", Rate(1, 100, 0.001, 0.05))
    assert axis_end(DotChart((usual,), 0.005)) == pytest.approx(0.03)
    assert axis_end(DotChart((wide, usual), 0.005)) == pytest.approx(0.03)
    assert "<path" in chart(wide, usual)
    assert axis_end(DotChart((), None)) > 0
    assert "<svg" in chart(reference=None)


@pytest.mark.parametrize("end", [1e-4, 0.0123, 0.067, 0.43, 1.0])
def test_ticks_are_few_round_and_even(end: float) -> None:
    found = ticks(end)
    assert 3 <= len(found) <= 7
    assert found[0] == 0
    assert found[-1] <= end
    steps = {round(b - a, 9) for a, b in pairwise(found)}
    assert len(steps) == 1


def test_the_public_page_shows_the_list() -> None:
    html = render_html(public_page([("2020-07-01", "Hải Phòng", "MSCU1234566")], "vi"))
    assert "MSCU1234566" in html
    assert "01/07/2020" in html
    assert "No container was selected" in render_html(public_page([], "en"))


def test_key_figures_and_facts_are_rendered() -> None:
    blocks = (KeyFigures((KeyFigure("Scans", 1200, notes=("note",)),)), Facts((("a", HOSTILE),)))
    html = render_html(Report("T", "vi", (Section("S", blocks),), kicker="K", footer=("F",)))
    assert "<strong>1.200</strong>" in html
    assert "&lt;script&gt;" in html


@pytest.mark.slow
def test_a_pdf_is_made_where_the_libraries_are() -> None:
    try:
        document = pdf.render_pdf(render_html(hostile_report()))
    except pdf.PdfUnavailableError as error:
        pytest.skip(str(error))
    assert document.startswith(b"%PDF-")


def test_a_pdf_without_its_libraries_names_the_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str, *_args: object, **_named: object) -> object:
        raise OSError("cannot load library 'libpango-1.0-0'")

    monkeypatch.setattr("builtins.__import__", fail)
    with pytest.raises(pdf.PdfUnavailableError, match=r"apt install libpango-1\.0-0"):
        pdf.render_pdf("")


def test_files_are_written_together_or_not_at_all(tmp_path: Path) -> None:
    first, second = tmp_path / "new" / "a.html", tmp_path / "b.json"
    write_files({first: b"1", second: b"2"})
    assert (first.read_bytes(), second.read_bytes()) == (b"1", b"2")
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError, match=r"cannot write .*folder"):
        write_files({first: b"changed", tmp_path / "folder": b"x"})
    assert first.read_bytes() == b"1"
    assert sorted(path.name for path in tmp_path.rglob("*")) == [
        "a.html",
        "b.json",
        "folder",
        "new",
    ]
