"""``riskml publish``: the public pre-arrival list, nothing but what the public may see."""

import json
from pathlib import Path
from typing import Annotated

import typer

from riskml.cli.console import say

__all__ = ["command"]


def command(
    selection: Annotated[Path, typer.Option(help="Selection that riskml select wrote.")],
    out: Annotated[Path, typer.Option(help="Folder for the list as CSV, JSON and HTML.")],
    lang: Annotated[
        str, typer.Option(help="Language of the page: en or vi.", envvar="RISKML_LANG")
    ] = "en",
    as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False,
) -> None:
    """Write the containers selected before arrival: day, office and container number only."""
    from riskml.reports.files import write_files
    from riskml.reports.html import render_html
    from riskml.reports.published import public_page
    from riskml.reports.wording import check_language
    from riskml.selection import public_list, read_scores
    from riskml.selection.spreadsheet import csv_bytes

    language = check_language(lang)
    public = public_list(read_scores(selection))
    rows = public.rows.to_dict("records")
    page = public_page(
        [(row["date"], row["office"], row["container_no"]) for row in rows], language
    )
    listing = json.dumps(rows, ensure_ascii=False, indent=1)
    contents = {
        out / "pre_arrival.csv": csv_bytes(public.rows),
        out / "pre_arrival.json": f"{listing}\n".encode(),
        out / "pre_arrival.html": render_html(page).encode(),
    }
    write_files(contents)
    if as_json:
        say(json.dumps(rows, ensure_ascii=False))
        return
    say(f"{len(rows)} containers published")
    if public.other_stage:
        say(f"not published: {public.other_stage} selected at another stage than pre_arrival")
    if public.without_container:
        say(f"not published: {public.without_container} without a container number")
    for path in contents:
        say(f"written: {path}")
