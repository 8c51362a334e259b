"""Verifying an export without any database."""

import hashlib
import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from riskml.errors import LedgerError, UnreadableFileError
from riskml.ledger.canonical import canonical_json
from riskml.ledger.chain import Head, Name
from riskml.ledger.export import FORMAT
from riskml.ledger.records import Problem, VerifyReport
from riskml.ledger.signing import Checkpoint, check_checkpoints
from riskml.ledger.walk import Link, Marks, Progress, Walk, conclude, mark, quietly

__all__ = ["read_export_heads", "verify_export"]


def verify_export(
    path: Path, *, trusted: Collection[str] = (), progress: Progress = quietly
) -> VerifyReport:
    """Verify an exported file: its chains, their heads, the signatures and its own digest.

    Parameters
    ----------
    trusted : collection of str
        Public keys (hexadecimal) the auditor got from elsewhere; if given, a checkpoint signed by
        another is a problem. Without them the file vouches for itself only.

    Raises
    ------
    UnreadableFileError
        If the file is not there, or no export at all.
    """
    path = Path(path)
    audit = _Audit(trusted)
    for number, (line, digest) in progress(_read_lines(path), f"verify {path.name}", None):
        try:
            audit.take(json.loads(line), digest)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, LedgerError):
            audit.problems.append(Problem("export", "", number, "the line cannot be read"))
    return audit.report()


def read_export_heads(path: Path) -> list[Head]:
    """Return where the chains of an export end, after verifying it.

    Raises
    ------
    LedgerError
        If the export itself does not verify.
    """
    report = verify_export(path)
    if not report.ok:
        raise LedgerError(
            f"the export {path} does not verify: {report.problems[0].what}",
            "compare with an export that does",
        )
    return [Head(chain.table, chain.writer, chain.rows, chain.row_hash) for chain in report.chains]


class _Audit:
    """What has been read of an export so far."""

    def __init__(self, trusted: Collection[str]) -> None:
        self.trusted = trusted
        self.problems: list[Problem] = []
        self.checkpoints: list[Checkpoint] = []
        self.heads: dict[Name, Head] = {}
        self.walks: dict[Name, Walk] = {}
        self.marks: Marks | None = None
        self.ended = False

    def take(self, line: dict[str, Any], digest: str) -> None:
        """Take one line; ``digest`` is that of all bytes before it."""
        if self.ended:
            raise ValueError("nothing may follow the end")
        if "row" in line:
            self._take_row(line)
        elif "end" in line:
            self._take_end(line["end"], digest)
        elif self.marks is not None:
            raise ValueError("statements stand before the rows")
        elif "head" in line:
            head = Head(**line["head"])
            self.heads[head.chain, head.writer] = head
        else:
            self.checkpoints.append(Checkpoint(**line["checkpoint"]))

    def _take_row(self, line: dict[str, Any]) -> None:
        row = line["row"]
        name = (str(row["table"]), str(row["writer"]))
        link = Link(int(row["position"]), line["prev_hash"], line["row_hash"], canonical_json(row))
        if name not in self.walks:
            self.walks[name] = Walk(name, self._sealed().get(name, {}))
        self.walks[name].step(link)

    def _take_end(self, end: dict[str, Any], digest: str) -> None:
        self.ended = True
        if end["sha256"] != digest:
            self._report("the digest does not fit the file")
        if end["rows"] != sum(walk.rows for walk in self.walks.values()):
            self._report("the number of rows does not fit")

    def _sealed(self) -> Marks:
        """Check the checkpoints, once, and return what they vouch for."""
        if self.marks is None:
            self.checkpoints, problems = check_checkpoints(self.checkpoints, self.trusted)
            self.problems += problems
            self.marks = {}
            for checkpoint in self.checkpoints:
                mark(self.marks, checkpoint.heads(), f"checkpoint {checkpoint.number}")
        return self.marks

    def report(self) -> VerifyReport:
        """Finish every chain and say what was found."""
        marks = self._sealed()
        if not self.ended:
            self._report("the file is cut off: its last line is missing")
        for name in sorted({*self.heads, *marks, *self.walks}):
            walk = self.walks.setdefault(name, Walk(name, marks.get(name, {})))
            walk.finish(self.heads.get(name))
        if self.walks and not self.checkpoints:
            self._report("no valid signature vouches for the rows")
        walks = [self.walks[name] for name in sorted(self.walks)]
        return conclude(walks, self.checkpoints, self.problems)

    def _report(self, what: str) -> None:
        self.problems.append(Problem("export", "", 0, what))


def _read_lines(path: Path) -> Iterator[tuple[int, tuple[bytes, str]]]:
    """Yield number, content and the digest of everything before, for all lines but the first."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            first = file.readline()
            if first != f"{canonical_json(FORMAT)}\n".encode():
                raise UnreadableFileError(
                    f"{path} is no export of a ledger that this riskml can read",
                    "make one with riskml ledger export",
                )
            digest.update(first)
            for number, line in enumerate(file, start=2):
                yield number, (line, digest.hexdigest())
                digest.update(line)
    except OSError as error:
        raise UnreadableFileError(
            f"the export {path} cannot be read: {error.strerror}", "check the path"
        ) from error
