"""The database of the projection: SQLite or PostgreSQL, by the same statements."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Connection, Engine, Table, create_engine, event, func, inspect, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError, SQLAlchemyError

from lead_qualifier.console.read_model.tables import ERASURES, MADE_WHEN_CAUGHT_UP, SESSIONS, TABLE_PREFIX, metadata

_BUSY_SECONDS = 30
#: Per connection: a rebuild writes rows of a few indexes all over the file.
_CACHE_KIB = 64 * 1024
_CHECKPOINT = "PRAGMA wal_checkpoint(TRUNCATE)"
#: Of PostgreSQL's locks by number, which all programs on a database share.
_LOCK = int.from_bytes(TABLE_PREFIX.encode()[:7])
_DAMAGED = frozenset({"SQLITE_CORRUPT", "SQLITE_NOTADB"})


class UnusableDatabase(Exception):
    """The database cannot be used; the message says what to do."""


class Database:
    """Connections to one database."""

    def __init__(self, url: str) -> None:
        """Raises UnusableDatabase for an address that is none of SQLite or PostgreSQL."""
        try:
            given = make_url(url)
        except ArgumentError as error:
            raise UnusableDatabase(_ADVICE) from error
        dialect = given.get_backend_name()
        if dialect not in {"sqlite", "postgresql"}:
            raise UnusableDatabase(_ADVICE)
        self.url = url
        """The address as it was given, with the password that it may have."""
        self._insert: Any = sqlite.insert if dialect == "sqlite" else postgresql.insert
        self.is_sqlite = dialect == "sqlite"
        if self.is_sqlite:
            if not given.database or given.database == ":memory:":
                raise UnusableDatabase(_ADVICE)
            _make_private(Path(given.database))
            self._engine = create_engine(given, hide_parameters=True, connect_args={"timeout": _BUSY_SECONDS})
            _begin_explicitly(self._engine)
        else:
            try:
                self._engine = create_engine(
                    given.set(drivername="postgresql+psycopg"), hide_parameters=True, pool_pre_ping=True
                )
            except NoSuchModuleError as error:
                raise UnusableDatabase(_ADVICE) from error

    def beside(self, name: str) -> Database:
        """A separate database for other data, so that writes do not block each other.

        With SQLite a file of its own beside this one; with PostgreSQL the same database.
        """
        url = self._engine.url
        if self.is_sqlite:
            file = Path(str(url.database))
            url = url.set(database=str(file.with_name(f"{file.stem}-{name}{file.suffix}")))
        return Database(url.render_as_string(hide_password=False))

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Around what is committed together, or not at all."""
        with self._engine.begin() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Around reading that sees one state of the projection."""
        options: dict[str, Any] = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with self._engine.connect().execution_options(**options) as connection, connection.begin():
            yield connection

    def upsert(
        self,
        connection: Connection,
        table: Table,
        rows: Sequence[Mapping[str, Any]],
        *,
        revision: Column[Any] | None = None,
    ) -> None:
        """Insert rows, and overwrite those whose keys are there. `revision`: keep those that have a higher one."""
        if rows:
            statement = self._insert(table)
            keys = [column.name for column in table.primary_key]
            changed = {column.name: statement.excluded[column.name] for column in table.c if column.name not in keys}
            if changed:
                is_newest = None if revision is None else revision <= statement.excluded[revision.name]
                statement = statement.on_conflict_do_update(index_elements=keys, set_=changed, where=is_newest)
            else:
                statement = statement.on_conflict_do_nothing(index_elements=keys)
            connection.execute(statement, [dict(row) for row in rows])

    def add(self, connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], sum_of: Column[Any]) -> None:
        """Insert rows; to those whose keys are there, add what these have in one column."""
        if rows:
            statement = self._insert(table)
            keys = [column.name for column in table.primary_key]
            total = {sum_of.name: sum_of + statement.excluded[sum_of.name]}
            connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=total), rows)

    def wait_for_others(self, connection: Connection) -> None:
        """Until the end of the transaction, let no other process come past this. SQLite lets one write at a time."""
        if not self.is_sqlite:
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))

    @staticmethod
    def recreate(connection: Connection) -> None:
        """Drop every table of a projection, also those of other versions, and make the tables of this one."""
        for name in inspect(connection).get_table_names():
            if name.startswith(TABLE_PREFIX) and name not in {SESSIONS, ERASURES}:
                quoted = connection.dialect.identifier_preparer.quote(name)
                connection.execute(text(f"DROP TABLE {quoted}"))
        metadata.create_all(connection, checkfirst=True)
        for index in MADE_WHEN_CAUGHT_UP:
            index.drop(connection)

    def forget_erased(self) -> None:
        """Leave nothing of what was erased in SQLite's write-ahead log. What reads meanwhile delays it.

        Raises OperationalError, such as for a full disk.
        """
        if self.is_sqlite:
            with self._engine.connect() as connection:
                raw: Any = connection.connection.driver_connection
                try:
                    raw.execute(_CHECKPOINT)  # not by SQLAlchemy, which would begin a transaction
                except sqlite3.Error as error:
                    raise OperationalError(_CHECKPOINT, None, error) from error

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


_ADVICE = (
    "LEAD_QUALIFIER_DATABASE_URL: should be postgresql://user:password@host/name or sqlite:///path/to/file; without "
    "it, the console keeps an SQLite file in LEAD_QUALIFIER_DATA_DIR"
)


def failure(error: SQLAlchemyError) -> str:
    """What is wrong, without the error's own words: these repeat the statement with its values, often personal data."""
    original = getattr(error, "orig", None)
    code = getattr(original, "sqlite_errorname", None) or getattr(original, "sqlstate", None)
    if code in _DAMAGED:
        return f"the database's file is damaged ({code}): stop the console and delete it; all of it is read again"
    return f"the database does not answer as it should ({code or type(error).__name__})"


def _make_private(file: Path) -> None:
    """Personal data is for the user of this process only."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    for one in (file, file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")):
        if one.exists() and one.stat().st_mode & 0o077:  # from before
            one.chmod(0o600)


def _begin_explicitly(engine: Engine) -> None:
    """Let SQLAlchemy begin transactions: Python's sqlite3 would begin none around reads and changes of tables."""

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")
