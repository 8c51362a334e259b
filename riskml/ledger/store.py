"""The ledger as the rest of the house sees it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from sqlalchemy.engine import Connection, Engine

from riskml.ledger import database, events, journal, keys, lookups, schema, scores, signing
from riskml.ledger.database import connect, file_exists, make_file, reading, writing
from riskml.ledger.export import write_export
from riskml.ledger.faults import LedgerConflictError, translated
from riskml.ledger.lookups import Access, Proof
from riskml.ledger.records import (
    Answer,
    EventReceipt,
    KeyInfo,
    Principal,
    ScoreRecord,
    StoredEvent,
    StoredRecord,
    Submission,
    VerifyReport,
)
from riskml.ledger.verify import verify_database
from riskml.ledger.walk import Progress, quietly

__all__ = ["Ledger"]


class Ledger:
    """An append-only record of scores, events and decisions, in SQLite or PostgreSQL.

    Open it with :meth:`open`. It may be shared by threads, not by forked processes: each opens its
    own. Every method raises :class:`~riskml.errors.LedgerError` when the database fails
    (:class:`~riskml.ledger.LedgerUnavailableError` when a retry may help), and then has written
    nothing.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.place = engine.url.render_as_string(hide_password=True)

    @classmethod
    def open(cls, url: str, *, create: bool = True, lock_timeout: float = 10.0) -> Self:
        """Open a ledger, creating it or bringing its tables up to date.

        Parameters
        ----------
        url : str
            ``sqlite:///FILE`` or ``postgresql://USER:PASSWORD@HOST/NAME``.
        create : bool
            Whether a ledger that is not there is made; verifying an empty one proves nothing.
        lock_timeout : float
            Seconds to wait for other writers, in every later call too.

        Raises
        ------
        LedgerError
            If the database cannot be reached, or a newer riskml has changed its tables.
        """
        ledger = cls(connect(url, lock_timeout))
        try:
            if create:
                make_file(ledger.engine)
            elif not file_exists(ledger.engine):
                raise schema.no_ledger(ledger.place)
            with translated(ledger.place):
                schema.upgrade(ledger.engine, ledger.place, create=create)
        except BaseException:
            ledger.close()
            raise
        return ledger

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()

    def reserve_log(self) -> None:
        """Make commits quicker from the first one on, at the price of 33 MB of disk (SQLite)."""
        with translated(self.place):
            database.reserve_log(self.engine)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    # Scores

    def append_scores(
        self, records: Sequence[ScoreRecord], *, writer: str, answer: Answer | None = None
    ) -> Answer | None:
        """Write the scores of one request; when this returns they are durable.

        Returns
        -------
        Answer or None
            None when written. If ``answer`` has a key that was answered before, nothing is
            written and that earlier answer is returned: send it again.

        Raises
        ------
        LedgerConflictError
            If the key was used before for another request.
        """
        (earlier,) = self.append_submissions([Submission(tuple(records), answer)], writer=writer)
        if earlier is not None and answer is not None:
            _check_same_request(earlier, answer.request_digest)
        return earlier

    def append_submissions(
        self, submissions: Sequence[Submission], *, writer: str
    ) -> list[Answer | None]:
        """Write many requests in one durable transaction (group commit).

        Returns
        -------
        list
            For each submission None when it was written, else the earlier answer that its key
            has. If that one's ``request_digest`` differs, the key was used for another request:
            a conflict of this submission alone, of which nothing was written.
        """
        prepared = scores.prepare(submissions)
        with self.writing() as connection:
            return scores.append(connection, prepared, writer)

    def score(self, score_id: str) -> ScoreRecord | None:
        """Return one score, or None."""
        with self.reading() as connection:
            return scores.find(connection, score_id)

    def find_scores(self, number: str) -> list[ScoreRecord]:
        """Return the newest scores of a bill, container or declaration number."""
        with self.reading() as connection:
            return lookups.find_scores(connection, number)

    def proof(self, score_id: str) -> Proof | None:
        """Return where a score stands in its chain and whether it fits; None if there is none."""
        with self.reading(snapshot=True) as connection:
            return lookups.prove(connection, score_id)

    def record_access(self, score_id: str, who: str, role: str, what: str, writer: str) -> None:
        """Keep that somebody looked at the explanation of a score."""
        with self.writing() as connection:
            lookups.record_access(connection, score_id, who, role, what, writer)

    def accesses(self, score_id: str) -> list[Access]:
        """Return who looked at the explanation of a score, the newest first."""
        with self.reading() as connection:
            return lookups.accesses_of(connection, score_id)

    def scores_since(
        self,
        start: datetime | None = None,
        *,
        until: datetime | None = None,
        stage: str | None = None,
        office: str | None = None,
        limit: int | None = None,
    ) -> list[ScoreRecord]:
        """Return the scores made in ``[start, until)``, oldest first."""
        with self.reading() as connection:
            return scores.since(
                connection, limit, start=start, until=until, stage=stage, office=office
            )

    def count_scores(
        self,
        start: datetime | None = None,
        *,
        until: datetime | None = None,
        stage: str | None = None,
        office: str | None = None,
    ) -> int:
        """Return how many scores were made in ``[start, until)``."""
        with self.reading() as connection:
            return scores.count(connection, start=start, until=until, stage=stage, office=office)

    def remember_answer(
        self, idempotency_key: str, principal: str, request_digest: str, answer: bytes
    ) -> Answer | None:
        """Remember the answer of a request that wrote no score.

        Returns
        -------
        Answer or None
            None when remembered, else the earlier answer that stands.

        Raises
        ------
        LedgerConflictError
            If the key was used before for another request.
        """
        given = Answer(principal, idempotency_key, request_digest, answer)
        with self.writing() as connection:
            (earlier,) = scores.claim_answers(connection, [given])
        if earlier is not None:
            _check_same_request(earlier, request_digest)
        return earlier

    def recall_answer(self, principal: str, idempotency_key: str) -> tuple[str, bytes] | None:
        """Return digest of the request and answer remembered under a key, or None."""
        with self.reading() as connection:
            found = scores.find_answer(connection, principal, idempotency_key)
        return None if found is None else (found.request_digest, found.body)

    def forget_answers(self, before: datetime) -> int:
        """Delete the answers remembered before a moment; return how many there were.

        An answer repeats what its scores say, and serves only a client that asks again: a service
        may forget it after some days. The scores stay.
        """
        with self.writing() as connection:
            return scores.forget_answers(connection, before)

    # Events

    def append_events(
        self, table: str, rows: Sequence[Mapping[str, Any]], *, writer: str
    ) -> list[EventReceipt]:
        """Append rows of a table to the log of events, in one durable transaction.

        An event is known by its table, identity and revision: sent again with the same content it
        is a duplicate, with other content a conflict, and what was stored first stands.

        Parameters
        ----------
        table : str
            ``manifests``, ``declarations`` or ``inspections``.
        rows : sequence of mapping
            Columns and values; see :func:`riskml.ledger.canonical.plain_row` for their form.

        Returns
        -------
        list of EventReceipt
            One per row.
        """
        prepared = events.prepare(table, rows)
        with self.writing() as connection:
            return events.append(connection, table, prepared, writer)

    def events_after(self, seq: int, limit: int) -> list[StoredEvent]:
        """Return up to ``limit`` events with a number above ``seq``, in order.

        Numbers are given in the order of the commits, so a poller that goes on from the last
        number it saw misses nothing.
        """
        with self.reading() as connection:
            return events.after(connection, seq, limit)

    def documents(self, table: str, first: str | None, watermark: int) -> list[dict[str, Any]]:
        """Return the manifest lines of a bill, or the lines of a declaration.

        See `riskml.ledger.lookups.documents`.
        """
        with self.reading() as connection:
            return lookups.documents(connection, table, first, watermark)

    def watermark(self) -> int:
        """Return the number of the last event, 0 if there is none."""
        with self.reading() as connection:
            return events.watermark(connection)

    # Credentials

    def events_digest(self, seq: int) -> str:
        """Return a digest of the event log up to and with number ``seq``.

        Two logs that agree in it hold the same events up to there.
        """
        with self.reading() as connection:
            return events.digest_at(connection, seq)

    def create_key(self, role: str, office: str | None = None, label: str = "") -> tuple[str, str]:
        """Create a credential and return its identifier and its secret, which is not stored.

        Raises
        ------
        UsageError
            If the role does not exist.
        """
        with self.writing() as connection:
            return keys.create(connection, role, office, label)

    def authenticate(self, secret: str) -> Principal | None:
        """Return whose secret it is; None if nobody's, or if it was revoked."""
        with self.reading() as connection:
            return keys.authenticate(connection, secret)

    def revoke_key(self, key_id: str) -> None:
        """Make a credential useless from now on."""
        with self.writing() as connection:
            keys.revoke(connection, key_id)

    def list_keys(self) -> list[KeyInfo]:
        """Return all credentials, revoked ones too, oldest first."""
        with self.reading() as connection:
            return keys.listing(connection)

    # Other records

    def append_record(self, kind: str, payload: Mapping[str, Any], writer: str) -> str:
        """Append a selection, promotion, access, ... and return its identifier."""
        with self.writing() as connection:
            return journal.append(connection, kind, payload, writer)

    def records(
        self,
        kind: str | None = None,
        *,
        start: datetime | None = None,
        limit: int | None = None,
    ) -> list[StoredRecord]:
        """Return records of a kind, oldest first."""
        with self.reading() as connection:
            return journal.listing(connection, kind, start, limit)

    # Proof

    def sign_heads(self, key_folder: Path | None = None) -> bool:
        """Sign where every chain ends now; call it now and then, and before a backup.

        Parameters
        ----------
        key_folder : Path, optional
            Where the signing key lies (made on demand); default ``RISKML_HOME/keys``.

        Returns
        -------
        bool
            False if nothing was appended since the last signature.
        """
        signer = signing.load_signer(key_folder)
        with self.writing() as connection:
            return signing.sign(connection, signer)

    def verify(
        self,
        *,
        against: Path | None = None,
        trusted: Collection[str] = (),
        progress: Progress = quietly,
    ) -> VerifyReport:
        """Check every chain, head and signature.

        Parameters
        ----------
        against : Path, optional
            An earlier export: every chain must still hold what it held then.
        trusted : collection of str
            Public keys (hexadecimal); if given, a checkpoint signed by another is a problem.
        progress : callable
            Wraps the rows while they are read: ``progress(rows, label, total)``.
        """
        with self.reading(snapshot=True) as connection:
            return verify_database(connection, against=against, trusted=trusted, progress=progress)

    def export(
        self, path: Path, *, key_folder: Path | None = None, progress: Progress = quietly
    ) -> int:
        """Sign the heads, then write everything that is chained to one JSON-lines file.

        The same content gives the same bytes. Check it with
        :func:`riskml.ledger.verify_export`, which needs no database.

        Returns
        -------
        int
            Rows written.
        """
        self.sign_heads(key_folder)
        with self.reading(snapshot=True) as connection:
            return write_export(connection, path, progress=progress)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield a connection in a write transaction, committed when the block ends well.

        What the database fails with becomes an error of ours.
        """
        with translated(self.place), writing(self.engine) as connection:
            yield connection

    @contextmanager
    def reading(self, *, snapshot: bool = False) -> Iterator[Connection]:
        """Yield a connection for reading; with ``snapshot`` its queries see one moment."""
        with translated(self.place), reading(self.engine, snapshot=snapshot) as connection:
            yield connection


def _check_same_request(earlier: Answer, request_digest: str) -> None:
    if earlier.request_digest != request_digest:
        raise LedgerConflictError(
            f"idempotency key {earlier.key!r} was used for another request",
            "use a fresh key for each request",
        )
