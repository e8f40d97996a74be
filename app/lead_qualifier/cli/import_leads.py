"""`import`: the first load of leads and scores, from a CRM's export."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from confluent_kafka import KafkaException

from lead_qualifier.cli.exit_codes import ExitCode, Refused
from lead_qualifier.cli.options import Json, time_of
from lead_qualifier.cli.screen import fail, moment, note, progress, say, show_json, warn
from lead_qualifier.cli.session import open_session
from lead_qualifier.client.lead_import.checking import Checked, Moved, Rows, check, rejects_to
from lead_qualifier.client.lead_import.csv_file import BadRow, Export, opened
from lead_qualifier.client.lead_import.ready_maps import map_of, ready_maps
from lead_qualifier.client.lead_import.row_encoder import RowEncoder
from lead_qualifier.client.lead_import.sending import ImportSender
from lead_qualifier.client.lead_import.suggestion import suggest
from lead_qualifier.kafka.errors import KafkaClientError
from lead_qualifier.messages.topics import LEAD_CHANGED, LEAD_SCORE_CHANGED
from lead_qualifier.qualification.utc import EARLIEST_PLAUSIBLE, after
from lead_qualifier.settings import Settings, load_settings

_SHOWN = 20
_SETTLE_SECONDS = 5.0


class Only(StrEnum):
    """What is sent of an export that has both."""

    LEADS = "leads"
    SCORES = "scores"


def import_leads(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The export, as CSV; - is standard input.", show_default=False)
    ],
    map_: Annotated[
        str | None,
        typer.Option(
            "--map",
            metavar="FILE|NAME",
            help="What the columns are: a file, or a ready map: dynamics-365, dynamics-365-de, hubspot, salesforce or "
            "zoho.",
        ),
    ] = None,
    *,
    suggest_: Annotated[
        bool, typer.Option("--suggest", help="Print a map that is guessed from the header and the first rows.")
    ] = False,
    check_: Annotated[
        bool, typer.Option("--check", help="Only show what would be sent, and every bad row. Needs no broker.")
    ] = False,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            metavar="TIME",
            help="The time of rows that have none of their own, such as 2026-11-23 or 2026-11-23T09:30:00Z. "
            "Default: when the file was last changed.",
        ),
    ] = None,
    only: Annotated[
        Only | None, typer.Option("--only", metavar="leads|scores", help="Send only the leads, or only the scores.")
    ] = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Send the good rows even if others are bad.")] = False,
    rejects: Annotated[
        Path | None,
        typer.Option("--rejects", metavar="FILE", help="Write the bad rows to a file, to be corrected and imported."),
    ] = None,
    from_line: Annotated[
        int, typer.Option("--from-line", min=0, metavar="N", help="Go on at this line after an interruption.")
    ] = 0,
    as_json: Json = False,
) -> None:
    """Import leads and scores from a CRM's export: the first load.

    Each row becomes one lead-changed and one lead-score-changed for each of its scores, as the map says. All rows are
    checked first. If any is bad, nothing is sent, and the exit code is 1; with --skip-bad the good ones are sent.

    Importing the same rows again is harmless: the ids of the events are derived from what they say. After an
    interruption, the command to go on with is shown; after a crash, start again from the beginning, or go on at the
    last line that was shown. Import before you publish models: publishing evaluates all leads.
    """
    if suggest_:
        with opened(file) as export:
            for text in suggest(export).lines():
                say(text)
        return
    if map_ is None:
        raise typer.BadParameter(
            f"--map is missing: name a file (lead-qualifier import {file} --suggest > map.yaml writes one) or a ready "
            f"map ({', '.join(ready_maps())})"
        )
    if rejects is not None and rejects.exists() and file.exists() and rejects.samefile(file):
        raise typer.BadParameter("--rejects names the export itself: name another file")
    form = map_of(map_)
    with opened(file, form.get("file", {})) as export:
        work = _Import(export, form, map_, as_of=as_of, only=only, from_line=from_line, as_json=as_json)
        if check_:
            work.check_only(rejects)
        else:
            work.send(rejects, skip_bad=skip_bad)


class _Import:
    """One export that is checked or sent."""

    def __init__(
        self,
        export: Export,
        form: dict[str, Any],
        map_: str,
        *,
        as_of: str | None,
        only: Only | None,
        from_line: int,
        as_json: bool,
    ) -> None:
        self._export = export
        self._form = form
        self._map = map_
        self._only = only
        self._from_line = from_line
        self._as_json = as_json
        self._as_of_given = as_of
        self._as_of = _time(as_of) if as_of is not None else _file_time(export)
        self._settings: Settings = load_settings()
        self._settings.apply_to_decoding()
        self._encoder = self._new_encoder()

    def check_only(self, rejects: Path | None) -> None:
        """Show what would be sent. Exits with code 1 if there are bad rows."""
        checked = self._check(rejects)
        if self._as_json:
            show_json(self._as_data(checked))
        else:
            self._show(checked)
        if checked.bad_rows:
            raise typer.Exit(ExitCode.REFUSED)

    def send(self, rejects: Path | None, *, skip_bad: bool) -> None:
        """Send the rows. Exits with code 1 if there are bad ones, unless they may be skipped."""
        session = open_session()
        for line in self._how_it_is_read():
            note(line)
        if not skip_bad and (checked := self._check(rejects)).bad_rows:
            if self._as_json:
                show_json(self._as_data(checked))
            else:
                self._show_bad(checked)
            fail("nothing was sent: correct the rows or the map, or leave the bad rows out (--skip-bad)")
            raise typer.Exit(ExitCode.REFUSED)
        refused: list[str] = []
        sender = ImportSender(
            session.connection,
            topic_prefix=session.prefix,
            refused=lambda lead_id, why: refused.append(f"lead {lead_id}: the broker refused it: {why}"),
        )
        with rejects_to(self._export, rejects if skip_bad else None) as kept:
            rows = Rows(self._export, self._encoder, rejects=kept, from_line=self._from_line)
            try:
                with (
                    self._resumable(sender, skip_bad=skip_bad),
                    self._progress("importing", "sent up to line") as moved,
                ):
                    sent = sender.send(rows, moved)
            finally:  # also after an interruption: going on from there does not send these again
                for line in refused[:_SHOWN]:
                    warn(line)
        checked = rows.checked
        if self._as_json:
            result = {"rows": checked.rows, "leads": sent.leads, "scores": sent.scores}
            show_json({**result, "refused": sent.refused, **_bad_data(checked)})
        else:
            if checked.bad_rows:
                self._show_bad(checked)
            rows_imported = _counted(checked.rows - checked.bad_rows, "row")
            say(f"{rows_imported} imported: {_counted(sent.leads, 'lead')}, {_counted(sent.scores, 'score')} sent")
        if sent.refused:
            fail(f"the broker refused {_counted(sent.refused, 'message')}")
            raise typer.Exit(ExitCode.REFUSED)

    def _new_encoder(self) -> RowEncoder:
        latest = after(datetime.now(UTC), self._settings.time_tolerance)
        if self._as_of is not None and not EARLIEST_PLAUSIBLE <= self._as_of <= latest:
            source = "--as-of" if self._as_of_given is not None else "the date of the file, which --as-of replaces,"
            when = "in the future" if self._as_of > latest else "before 1970"
            raise Refused(f"{source} is {when}: {moment(self._as_of)}")
        encoder = RowEncoder(
            self._export, self._form, as_of=self._as_of, latest=latest, only=self._only and self._only.value
        )
        if self._as_of is None and not encoder.has_times:
            raise Refused(f"{self._export.name} has no date: say when the export is from (--as-of 2026-11-23)")
        return encoder

    def _check(self, rejects: Path | None) -> Checked:
        with (
            rejects_to(self._export, rejects) as kept,
            self._progress("checking", "line") as moved,
        ):
            return check(Rows(self._export, self._encoder, rejects=kept, from_line=self._from_line), moved)

    @contextmanager
    def _progress(self, doing: str, reached: str) -> Iterator[Moved]:
        with progress(doing) as show:
            yield lambda line, rows: show(f"{doing}: {rows:,} rows, {reached} {line:,}")

    @contextmanager
    def _resumable(self, sender: ImportSender, *, skip_bad: bool) -> Iterator[None]:
        """Say how to go on if this is interrupted."""
        try:
            yield
        except BaseException as failure:
            if isinstance(failure, KeyboardInterrupt):
                with suppress(KafkaException, KafkaClientError):
                    sender.settle(_SETTLE_SECONDS)
            line = max(sender.next_line, self._from_line)
            if line:
                note(
                    f"the broker has every row before line {line:,}; to go on: {self._command(line, skip_bad=skip_bad)}"
                )
            raise

    def _command(self, line: int, *, skip_bad: bool) -> str:
        words = ["lead-qualifier", "import", self._export.given, "--map", self._map, "--from-line", str(line)]
        if self._as_of_given is not None:
            words += ["--as-of", self._as_of_given]
        if self._only is not None:
            words += ["--only", self._only.value]
        if skip_bad:
            words.append("--skip-bad")
        return shlex.join(words)

    # -- what is shown

    def _how_it_is_read(self) -> Iterator[str]:
        export, encoder = self._export, self._encoder
        how = " (detected)" if export.separator_detected else ""
        yield f"{export.name}: {export.encoding_name}, separated by {export.separator_name}{how}"
        if self._as_of is not None:
            source = "--as-of" if self._as_of_given is not None else "the file's date; --as-of sets another"
            yield f"rows without a time of their own are dated {moment(self._as_of)} ({source})"
        if encoder.missing:
            yield f"left out, because the export has no such column: {', '.join(encoder.missing)}"
        if encoder.unused:
            yield f"not imported: {', '.join(encoder.unused)}"

    def _show(self, checked: Checked) -> None:
        for line in self._how_it_is_read():
            say(line)
        say("")
        prefix = self._settings.topic_prefix
        say(f"{_counted(checked.rows, 'row')} would send")
        say(f"  {checked.leads:,} to {LEAD_CHANGED.full_name(prefix)}")
        for name in self._encoder.scoring_models:
            say(f"  {checked.scores[name]:,} to {LEAD_SCORE_CHANGED.full_name(prefix)}, scoring model {name}")
        if checked.sample:
            say("such as")
        for value in checked.sample:
            say(f"  {value.decode()}")
        if checked.bad_rows:
            say("")
            self._show_bad(checked)

    def _show_bad(self, checked: Checked) -> None:
        for bad in checked.bad[:_SHOWN]:
            say(f"{self._export.name}:{bad.line}: {bad.problem}")
        if checked.by_column.total() > _SHOWN:
            counted = ", ".join(f"{name or 'the row'} {count:,}" for name, count in checked.by_column.most_common(10))
            say(f"only the first {_SHOWN} problems are shown; by column: {counted}")
        say(f"{checked.bad_rows:,} of {checked.rows:,} rows are bad")

    def _as_data(self, checked: Checked) -> dict[str, Any]:
        export, encoder = self._export, self._encoder
        data: dict[str, Any] = {
            "encoding": export.encoding_name,
            "separator": export.separator,
            "rows": checked.rows,
            "leads": checked.leads,
            "scores": {name: checked.scores[name] for name in encoder.scoring_models},
            "missing_columns": encoder.missing,
            "unused_columns": encoder.unused,
            "sample": [msgspec.Raw(value) for value in checked.sample],
            **_bad_data(checked),
        }
        if self._as_of is not None:
            data["as_of"] = self._as_of
        return data


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _bad_data(checked: Checked) -> dict[str, Any]:
    return {"bad_rows": checked.bad_rows, "problems": [_problem(bad) for bad in checked.bad]}


def _problem(bad: BadRow) -> dict[str, Any]:
    return {"line": bad.line, **({"column": bad.column} if bad.column else {}), "reason": bad.reason}


def _time(text: str) -> datetime:
    try:
        return time_of(text)
    except ValueError:
        raise typer.BadParameter(
            "--as-of must be a date or a time with its zone, such as 2026-11-23 or 2026-11-23T09:30:00Z"
        ) from None


def _file_time(export: Export) -> datetime | None:
    """When the file was changed, in whole seconds; None if it is no file."""
    return None if export.modified_at is None else datetime.fromtimestamp(int(export.modified_at), UTC)
