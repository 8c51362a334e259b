"""``riskml users``: who may log in to the review pages."""

import sys
from typing import Annotated

import typer

from riskml.cli.console import print_table, say
from riskml.errors import UsageError

__all__ = ["app"]

app = typer.Typer(help="Create, list and disable users of the pages.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Login name.")],
    role: Annotated[
        str, typer.Option(help="analyst, supervisor, auditor, operator or admin.")
    ] = "analyst",
    office: Annotated[
        str | None, typer.Option(help="Whose consignments; without it the whole country's.")
    ] = None,
    full_name: Annotated[str, typer.Option(help="Shown on the pages.")] = "",
    language: Annotated[str, typer.Option(help="vi or en.")] = "vi",
    password_stdin: FromStdin = False,
) -> None:
    """Let somebody log in; the password is asked for, and stored as argon2id."""
    from riskml.config import settings
    from riskml.ledger import Accounts, Ledger

    password = _password(password_stdin)
    with Ledger.open(settings().ledger_url) as ledger:
        user = Accounts(ledger).create_user(
            name, password, role, office=office, full_name=full_name, language=language
        )
    say(f"user {user.name} ({user.role}{f', office {user.office}' if user.office else ''})")


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List everybody, disabled users too."""
    from riskml.config import settings
    from riskml.ledger import Accounts, Ledger

    with Ledger.open(settings().ledger_url, create=False) as ledger:
        found = Accounts(ledger).users()
    rows = [
        {
            "name": user.name,
            "role": user.role,
            "office": user.office,
            "full_name": user.full_name,
            "language": user.language,
            "created_at": user.created_at.isoformat(sep=" ", timespec="seconds"),
            "disabled": user.disabled_at is not None,
        }
        for user in found
    ]
    print_table(rows, as_json=as_json, title="users")


@app.command()
def password(
    name: Annotated[str, typer.Argument(help="Login name.")], password_stdin: FromStdin = False
) -> None:
    """Give somebody a new password; their sessions end."""
    from riskml.config import settings
    from riskml.ledger import Accounts, Ledger

    chosen = _password(password_stdin)
    with Ledger.open(settings().ledger_url, create=False) as ledger:
        Accounts(ledger).set_password(name, chosen)
    say(f"user {name} has a new password")


@app.command()
def disable(name: Annotated[str, typer.Argument(help="Login name.")]) -> None:
    """Keep somebody from logging in; their sessions end."""
    from riskml.config import settings
    from riskml.ledger import Accounts, Ledger

    with Ledger.open(settings().ledger_url, create=False) as ledger:
        Accounts(ledger).disable_user(name)
    say(f"user {name} is disabled")


def _password(from_stdin: bool) -> str:
    """Read a password; never from the arguments, which other users of the machine can see."""
    if from_stdin:
        return sys.stdin.readline(1000).rstrip("\n")
    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask for the password", "use --password-stdin")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
