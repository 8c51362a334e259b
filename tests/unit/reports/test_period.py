"""The period report as data: what it says, and what it must not pretend."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from riskml.errors import UsageError
from riskml.reports.content import Figure, Missing, Paragraph, RankRange, Report, Table
from riskml.reports.counts import Group, Pending, PeriodCounts, Source, Tally, remainder, restrict
from riskml.reports.counts_file import read_counts
from riskml.reports.period import period_report
from riskml.reports.period_numbers import period_numbers
from riskml.reports.text import render_text

TODAY = date(2020, 10, 5)
QUARTER = read_counts(Path(__file__).parents[3] / "data/counts/reference_quarter_2020q3.toml")
FIGURES = ("2.32 %", "21.53 %", "0.50 %", "43.55 %", "0.82 %", "2.36 %", "0.43 %")


def counts(total: Tally, *offices: Group) -> PeriodCounts:
    return PeriodCounts(total, offices, Source("test"))


def tables(report: Report) -> dict[str, Table]:
    blocks = (block for section in report.sections for block in section.blocks)
    return {block.title: block for block in blocks if isinstance(block, Table)}


def prose(report: Report) -> str:
    blocks = (block for section in report.sections for block in section.blocks)
    return " ".join(block.text for block in blocks if isinstance(block, Paragraph))


@pytest.mark.parametrize("figure", FIGURES)
def test_the_reference_quarter_in_both_languages(figure: str) -> None:
    assert figure in render_text(period_report(QUARTER, "en", TODAY))
    assert figure.replace(".", ",") in render_text(period_report(QUARTER, "vi", TODAY))


def test_unknown_counts_are_not_zero() -> None:
    table = tables(period_report(QUARTER, "en", TODAY))["By office"]
    column = [each.title for each in table.columns].index("Suspicious")
    assert [row.cells[column] for row in table.rows] == [Missing.UNKNOWN] * 4 + [144]
    assert "không rõ" in render_text(period_report(QUARTER, "vi", TODAY))


def test_what_no_office_is_named_for_is_a_row_of_its_own() -> None:
    table = tables(period_report(QUARTER, "en", TODAY))["By office"]
    assert [(row.cells[0], row.cells[1], row.role) for row in table.rows] == [
        ("Hai Phong", 2699, "plain"),
        ("Ho Chi Minh City", 1163, "plain"),
        ("Da Nang", 127, "plain"),
        ("Other offices", 2209, "rest"),
        ("Total", 6198, "total"),
    ]
    assert remainder(Tally(10, None, 1), [Group("A", Tally(10, 2, 1))]) is None


def test_offices_are_not_ranked_by_chance() -> None:
    report = period_report(QUARTER, "en", TODAY)
    assert "No two offices can be told apart" in prose(report)
    ranks = [row.cells[-1] for row in tables(report)["By office"].rows]
    assert ranks == [RankRange(1, 3)] * 3 + ["", ""]


def test_offices_are_ranked_where_the_figures_allow_it() -> None:
    offices = (Group("A", Tally(900, None, 9)), Group("B", Tally(1000, None, 200)))
    report = period_report(counts(Tally(1900, None, 209), *offices), "en", TODAY)
    assert "B finds more per scan than A" in prose(report)
    table = tables(report)["By office"]
    assert [row.cells[0] for row in table.rows] == ["B", "A", "Total"]  # by scans, not by rate


def test_many_distinguishable_pairs_are_counted_not_listed() -> None:
    offices = tuple(Group(f"O{i}", Tally(5000, None, 10 * 3**i)) for i in range(5))
    total = Tally(25000, None, sum(group.tally.violations or 0 for group in offices))
    text = prose(period_report(counts(total, *offices), "en", TODAY))
    assert "and 4 further pairs" in text


def test_no_scan_at_all() -> None:
    report = period_report(counts(Tally(0, 0, 0)), "en", TODAY)
    assert "No container was scanned" in prose(report)
    ratios = tables(report)["The three ratios"]
    assert {row.cells[3] for row in ratios.rows} == {Missing.NOT_APPLICABLE}
    assert render_text(report).count("n/a") >= 6


def test_a_quarter_without_a_violation_is_bounded_not_zero() -> None:
    report = period_report(counts(Tally(6000, 100, 0)), "en", TODAY)
    assert "a rate of up to 0.06 % per scan" in prose(report)
    assert "0.00 – 0.06 %" in render_text(report)


def test_unknown_totals_leave_the_sentences_out() -> None:
    report = period_report(counts(Tally(6000, None, None)), "en", TODAY)
    assert "Of 6,000 scans" not in prose(report)
    only_violations = period_report(counts(Tally(6000, None, 30)), "en", TODAY)
    assert "between 0.35 % and 0.71 %" in prose(only_violations)


def test_open_cases_are_said_aloud() -> None:
    pending = Pending(unread=2, open_suspicious=7, opened_clear=0, unscanned=0)
    report = period_report(replace(counts(Tally(100, 10, 3, 1)), pending=pending), "en", TODAY)
    text = render_text(report)
    assert "Suspicious, result open: 7" in text
    assert "can only add violations" in text
    assert "Violations behind an image not read as suspicious: 1" in text
    assert "20.00 %" in text  # 2 of 10: the violation behind a clear image is kept apart


def test_divisions_use_the_words_of_the_language() -> None:
    total = Tally(30, 3, 1)
    found = replace(
        counts(total),
        modes=(Group("sea", Tally(20, 2, 1)), Group("", Tally(10, 1, 0))),
        channels=(Group("exploration", total),),
        months=(Group("2020-07-01", Tally(30, 3, 1)), Group("2020-08-01", Tally(0, 0, 0))),
    )
    text = render_text(period_report(found, "vi", TODAY))
    for word in ("đường biển", "không ghi", "khám phá ngẫu nhiên", "07/2020", "08/2020"):
        assert word in text
    figures = [
        block
        for section in period_report(found, "en", TODAY).sections
        for block in section.blocks
        if isinstance(block, Figure)
    ]
    assert [dot.label for dot in figures[-1].chart.dots] == ["July 2020", "August 2020"]


def test_the_numbers_for_programs() -> None:
    numbers = period_numbers(QUARTER)
    assert numbers["total"]["suspicious_per_scan"]["value"] == 144 / 6198
    assert numbers["from"] == "2020-07-01"
    first = numbers["offices"][0]
    assert (first["name"], first["share_of_scans"]) == ("Hai Phong", 2699 / 6198)
    assert first["suspicious"] is None
    assert first["suspicious_per_scan"]["missing"] == "unknown"
    assert first["possible_ranks"] == [1, 3]
    assert numbers["other_offices"]["violations"] == 1
    assert numbers["distinguishable"] == []
    empty = period_numbers(counts(Tally(0, 0, 0)))
    assert empty["total"]["violations_per_scan"]["missing"] == "not_applicable"


def test_published_counts_can_be_narrowed_but_not_cut() -> None:
    picked = restrict(QUARTER, first=None, last=None, office="Da Nang")
    assert (picked.total, picked.offices) == (Tally(127, None, 3), ())
    with pytest.raises(UsageError, match="it names Da Nang, Hai Phong, Ho Chi Minh City"):
        restrict(QUARTER, first=None, last=None, office="Hue")
    with pytest.raises(UsageError, match=r"--from 2020-08-01: the counts .* say 2020-07-01"):
        restrict(QUARTER, first=date(2020, 8, 1), last=None, office=None)
    undated = replace(QUARTER, first=None, last=None)
    dated = restrict(undated, first=date(2020, 7, 1), last=date(2020, 9, 30), office=None)
    assert (dated.first, dated.last) == (QUARTER.first, QUARTER.last)
    with pytest.raises(UsageError, match="lies before"):
        restrict(undated, first=date(2020, 7, 2), last=date(2020, 7, 1), office=None)
