"""``python -m riskml.cli`` is the ``riskml`` command."""

from riskml.cli import main

main()
