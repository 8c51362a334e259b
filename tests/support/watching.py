"""What a running service says in its log."""

import json
from pathlib import Path
from typing import Any

from serving.harness import Server

__all__ = ["log_of", "workers_of"]


def log_of(server: Server) -> list[dict[str, Any]]:
    """Return what the service logged."""
    text = server.log.read_text(encoding="utf-8", errors="replace")
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def workers_of(server: Server) -> list[int]:
    """Return the process numbers of the workers that live and are ready."""
    ready = {line["process"] for line in log_of(server) if line["event"] == "ready"}
    return sorted(number for number in ready if _lives(number))


def _lives(process: int) -> bool:
    try:
        # One that was killed and that nobody has noticed has an entry still, and no command line.
        return Path(f"/proc/{process}/cmdline").read_bytes() != b""
    except OSError:
        return False
