"""``riskml keys``: credentials of the service."""

from datetime import datetime
from typing import Annotated

import typer

from riskml.cli.console import print_table, say

__all__ = ["app"]

app = typer.Typer(help="Create, list and revoke credentials.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def create(
    role: Annotated[
        str,
        typer.Option(help="engine, office, analyst, supervisor, auditor, operator or admin."),
    ],
    office: Annotated[
        str | None, typer.Option(help="Restrict the key to one customs office.")
    ] = None,
    label: Annotated[str, typer.Option(help="Whose key it is, for people.")] = "",
    as_json: AsJson = False,
) -> None:
    """Create a credential; its secret is shown this once and stored hashed."""
    from riskml.config import settings
    from riskml.ledger import Ledger

    with Ledger.open(settings().ledger_url) as ledger:
        key_id, secret = ledger.create_key(role, office, label)
    row = {"key_id": key_id, "role": role, "office": office, "label": label, "secret": secret}
    if as_json:
        print_table([row], as_json=True)
        return
    say(f"key {key_id} ({role}{f', office {office}' if office else ''}); shown only now:")
    say(secret)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List all credentials, revoked ones too."""
    from riskml.config import settings
    from riskml.ledger import Ledger

    with Ledger.open(settings().ledger_url, create=False) as ledger:
        found = ledger.list_keys()
    rows = [
        {
            "key_id": key.key_id,
            "role": key.role,
            "office": key.office,
            "label": key.label,
            "created_at": _second(key.created_at),
            "revoked_at": _second(key.revoked_at),
        }
        for key in found
    ]
    print_table(rows, as_json=as_json, title="keys")


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(help="Identifier, not the secret.")]) -> None:
    """Make a credential useless from now on."""
    from riskml.config import settings
    from riskml.ledger import Ledger

    with Ledger.open(settings().ledger_url, create=False) as ledger:
        ledger.revoke_key(key_id)
    say(f"key {key_id} is revoked")


def _second(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(sep=" ", timespec="seconds")
