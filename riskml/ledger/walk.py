"""Walking a chain, to see whether anything was altered, inserted or removed."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from riskml.ledger.chain import GENESIS, Head, Name, row_hash
from riskml.ledger.records import ChainReport, Problem, VerifyReport
from riskml.ledger.signing import Checkpoint

__all__ = ["Link", "Marks", "Progress", "Walk", "conclude", "mark", "quietly"]

MOST_PROBLEMS = 100
"""Problems listed per chain; a thousand more would say nothing new."""

Progress = Callable[[Iterable[Any], str, int | None], Iterable[Any]]
"""Wraps items while they are worked on: ``progress(items, label, total)``."""


class Link(NamedTuple):
    """One row of a chain; ``content`` is what its hash should cover, None if unreadable."""

    position: int
    prev_hash: str
    row_hash: str
    content: str | None


@dataclass(slots=True)
class Walk:
    """One chain while it is walked.

    Parameters
    ----------
    name : tuple of str
        Table and writer.
    marks : mapping
        Position -> hash and who vouches for it, from checkpoints and earlier exports.
    """

    name: Name
    marks: Mapping[int, list[tuple[str, str]]]
    position: int = 0
    row_hash: str = GENESIS
    rows: int = 0
    problems: list[Problem] = field(default_factory=list)

    def step(self, link: Link) -> None:
        """Check one row against the one before it."""
        if link.position > self.position + 1:
            self._report(self.position + 1, f"rows up to {link.position - 1} are missing")
        elif link.position <= self.position:
            self._report(link.position, "the position occurs twice")
        elif link.prev_hash != self.row_hash:
            self._report(link.position, "it does not follow the row before it")
        if link.content is None or row_hash(link.prev_hash, link.content) != link.row_hash:
            self._report(link.position, "the content was altered")
        for expected, voucher in self.marks.get(link.position, ()):
            if expected != link.row_hash:
                self._report(link.position, f"it is not the row that {voucher} vouches for")
        self.position, self.row_hash = link.position, link.row_hash
        self.rows += 1

    def finish(self, head: Head | None) -> None:
        """Compare the end with the stored head and with what others vouch for."""
        if head is None:
            self._report(0, "the chain has no head")
        elif head.position > self.position:
            self._report(self.position + 1, f"rows up to {head.position} are missing at the end")
        elif (head.position, head.row_hash) != (self.position, self.row_hash):
            self._report(head.position, "the head does not fit the last row")
        missing = [position for position in self.marks if position > self.position]
        if missing:
            last = max(missing)
            voucher = self.marks[last][0][1]
            self._report(
                self.position + 1, f"rows up to {last}, vouched for by {voucher}, are gone"
            )

    def report(self) -> ChainReport:
        """Return what was checked."""
        return ChainReport(*self.name, self.rows, self.row_hash)

    def _report(self, position: int, what: str) -> None:
        if len(self.problems) == MOST_PROBLEMS:
            what = "there are more problems from here on"
        if len(self.problems) <= MOST_PROBLEMS:
            self.problems.append(Problem(*self.name, position, what))


Marks = dict[Name, dict[int, list[tuple[str, str]]]]
"""What is vouched for: per chain, per position, the hash and the voucher."""


def quietly(items: Iterable[Any], _label: str, _total: int | None) -> Iterable[Any]:
    """Show no progress."""
    return items


def mark(marks: Marks, ends: Iterable[tuple[str, str, int, str]], voucher: str) -> None:
    """Add to ``marks`` what a checkpoint or an export says about the ends of chains."""
    for table, writer, position, digest in ends:
        if position:
            chain = marks.setdefault((table, writer), {})
            chain.setdefault(position, []).append((digest, voucher))


def conclude(
    walks: Iterable[Walk], signed: list[Checkpoint], problems: list[Problem]
) -> VerifyReport:
    """Put the walks of all chains and the checkpoints together."""
    walks = list(walks)
    newest = signed[-1].heads() if signed else []
    covered = {(table, writer): position for table, writer, position, _ in newest}
    return VerifyReport(
        chains=tuple(walk.report() for walk in walks),
        problems=tuple(problem for walk in walks for problem in walk.problems) + tuple(problems),
        checkpoints=len(signed),
        unsigned_rows=sum(max(0, walk.position - covered.get(walk.name, 0)) for walk in walks),
        signers=tuple(sorted({checkpoint.public_key for checkpoint in signed})),
    )
