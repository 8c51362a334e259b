"""``python -m serving.openapi`` prints the document; no service needs to run."""

import sys

from serving.openapi.document import document_bytes
from serving.settings import service_settings

sys.stdout.buffer.write(document_bytes(service_settings()) + b"\n")
