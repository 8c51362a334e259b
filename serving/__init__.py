"""The scoring service: BentoML around riskml, with the ledger before every answer."""

import os

# Before anything imports bentoml; the value "1" would not opt out.
os.environ.setdefault("BENTOML_DO_NOT_TRACK", "true")
