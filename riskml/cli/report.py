"""``riskml report``: reports for people, as HTML and PDF, with their numbers for programs."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from riskml.cli.console import say
from riskml.errors import UsageError

if TYPE_CHECKING:
    from riskml.reports.content import Report
    from riskml.reports.counts import PeriodCounts

__all__ = ["app"]

app = typer.Typer(help="Reports as HTML and PDF, with their numbers as JSON.", no_args_is_help=True)

PRINTED_ROWS = 60
"""Longer tables are not printed; the files hold them."""

Out = Annotated[Path, typer.Option(help="Folder for the report.")]
Lang = Annotated[
    str, typer.Option(help="Language: en or vi.", envvar="RISKML_LANG", show_envvar=True)
]
Pdf = Annotated[
    bool | None,
    typer.Option("--pdf/--no-pdf", help="Insist on a PDF, or do without; default: if possible."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")]


@app.callback()
def _group() -> None:
    """Keep the subcommand's name also while there is only one."""


@app.command()
def period(
    out: Out,
    data: Annotated[
        Path | None, typer.Option(help="Data folder whose inspections are counted.")
    ] = None,
    counts: Annotated[
        Path | None, typer.Option(help="Published counts: a .toml, .csv or .json file.")
    ] = None,
    from_: Annotated[str | None, typer.Option("--from", help="First local day (included).")] = None,
    to: Annotated[str | None, typer.Option("--to", help="Last local day (included).")] = None,
    office: Annotated[str | None, typer.Option(help="Report this office alone.")] = None,
    lang: Lang = "en",
    pdf: Pdf = None,
    as_json: AsJson = False,
) -> None:
    """Report scans, suspicious images, violations and their ratios; by default the ledger's."""
    from riskml.config import parse_day
    from riskml.reports.period import period_report
    from riskml.reports.period_numbers import period_numbers
    from riskml.reports.wording import check_language

    language = check_language(lang)
    if data is not None and counts is not None:
        raise UsageError("--data and --counts exclude each other", "give one of them")
    first = None if from_ is None else parse_day(from_, "--from")
    last = None if to is None else parse_day(to, "--to")
    found = _count(data, counts, first, last, office)
    _publish(
        period_report(found, language, _today()), period_numbers(found), out, "period", pdf, as_json
    )


@app.command()
def decision(
    score_id: Annotated[str, typer.Argument(help="Identifier of the score.")],
    out: Out,
    lang: Lang = "en",
    pdf: Pdf = None,
    as_json: AsJson = False,
) -> None:
    """Tell all of one score: what was known, why, similar cases, the case, proofs."""
    from riskml.reports.decision import decision_report
    from riskml.reports.decision_facts import gather_from_default_ledger
    from riskml.reports.decision_proof import decision_numbers
    from riskml.reports.wording import check_language

    language = check_language(lang)
    found = gather_from_default_ledger(score_id)
    report = decision_report(found, language, _today())
    _publish(report, decision_numbers(found), out, "decision", pdf, as_json)


@app.command()
def model(
    model: Annotated[str, typer.Option(help="Bundle folder, runs:/... or models:/NAME@alias.")],
    out: Out,
    lang: Lang = "en",
    pdf: Pdf = None,
    as_json: AsJson = False,
) -> None:
    """Describe a model: data window, quality at inspection rates, checks, features, limits."""
    from riskml.bundle import Bundle
    from riskml.reports.model_page import model_numbers, model_report
    from riskml.reports.wording import check_language
    from riskml.training.tracking import resolve_model

    language = check_language(lang)
    bundle = Bundle.load(resolve_model(model))
    report = model_report(bundle, language, _today())
    _publish(report, model_numbers(bundle), out, "model", pdf, as_json)


def _count(
    data: Path | None,
    counts: Path | None,
    first: date | None,
    last: date | None,
    office: str | None,
) -> "PeriodCounts":
    if counts is not None:
        from riskml.reports.counts import restrict
        from riskml.reports.counts_file import read_counts

        return restrict(read_counts(counts), first=first, last=last, office=office)
    if data is not None:
        from riskml.reports.counts_table import count_folder

        return count_folder(data, first=first, last=last, office=office)
    from riskml.reports.counts_ledger import count_default_ledger

    return count_default_ledger(first=first, last=last, office=office)


def _publish(
    report: "Report",
    numbers: dict[str, Any],
    out: Path,
    name: str,
    pdf: bool | None,
    as_json: bool,
) -> None:
    """Write a report in every form and say where it lies."""
    from riskml.reports.files import write_files
    from riskml.reports.html import render_html
    from riskml.reports.text import render_text

    html = render_html(report)
    listing = json.dumps(numbers, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    contents = {
        out / f"{name}.html": html.encode(),
        out / f"{name}.json": listing.encode(),
    }
    document, obstacle = _pdf(html, pdf)
    if document is not None:
        contents[out / f"{name}.pdf"] = document
    write_files(contents)
    if as_json:
        say(json.dumps({**numbers, "files": [str(path) for path in contents]}, ensure_ascii=False))
        return
    say(render_text(report, most_rows=PRINTED_ROWS))
    for path in contents:
        say(f"written: {path}")
    if obstacle:
        say(f"no PDF: {obstacle}")


def _pdf(html: str, wanted: bool | None) -> tuple[bytes | None, str]:
    """Return the PDF, or why there is none."""
    from riskml.reports.pdf import PdfUnavailableError, render_pdf

    if wanted is False:
        return None, ""
    try:
        return render_pdf(html), ""
    except PdfUnavailableError as error:
        if wanted:
            raise
        return None, f"{error.message}: {error.remedy}"


def _today() -> date:
    from riskml.config import settings

    return datetime.now(settings().zone()).date()
