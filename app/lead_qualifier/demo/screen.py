"""The demo on a terminal: one screen that follows what happens."""

from __future__ import annotations

from shlex import quote
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.style import Style
from rich.table import Table
from rich.text import Text as RichText
from typing_extensions import override

from lead_qualifier.client.evidence import model_finding
from lead_qualifier.demo.hints import EXPLAIN
from lead_qualifier.demo.progress import Progress
from lead_qualifier.wording.numbers import number
from lead_qualifier.wording.printable import printable
from lead_qualifier.wording.sentences import IN_ENGLISH

_REFRESH = 4
_ROOMY = 32
"""PlainView of a terminal that leave room for more than the most necessary."""
_WIDE = 150
"""Columns of a terminal in which a qualified lead takes one line, not two."""
#: What a line shows after the model's name, by the qualification's origin.
_BY = {"sweep": " (sweep)", "fast_track": " (fast track)"}


class Text(RichText):
    """What the screen shows: ids and names come from others."""

    def __init__(self, text: str = "", **how: Any) -> None:
        super().__init__(printable(text), **how)

    @override
    def append(self, text: RichText | str, style: str | Style | None = None) -> RichText:
        """As rich's."""
        return super().append(printable(text) if isinstance(text, str) else text, style)


class Screen:
    """Redraws itself a few times a second below what was said before."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._console_line = ""
        self._facts: list[str] = []
        self._next: list[tuple[str, str]] = []
        self._live: Live | None = None

    def say(self, line: str) -> None:
        """A line above the screen."""
        self._console.print(Text(line), soft_wrap=True)

    def begin(
        self, console: str, broker: str, logs: str, environment: list[str], commands: list[tuple[str, str]]
    ) -> None:
        """Show what there is to know, and draw from now on."""
        self._console_line = console
        self._facts = [broker, logs]
        self._next = [*(("first", line) for line in environment), *commands]
        self._live = Live(console=self._console, refresh_per_second=_REFRESH, screen=True, transient=True)
        self._live.start()

    def show(self, progress: Progress, new: list[dict[str, Any]]) -> None:
        """Called a few times a second."""
        if self._live is not None:
            self._live.update(self._draw(progress))

    def end(self) -> None:
        """Give the terminal back."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _draw(self, progress: Progress) -> RenderableType:
        width, height = self._console.size
        gap = [Text()] if height >= _ROOMY else []
        above = Group(
            Text(self._console_line, overflow="fold", style="bold"),
            *(Text(line, overflow="fold", style="dim") for line in self._facts),
            self._figures(progress),
            *gap,
            self._outcomes(progress) if gap else self._outcomes_in_a_line(progress),
            *gap,
            *self._downstream(progress),
            *gap,
            Text("newest qualified leads, and why", style="bold"),
        )
        below = Group(
            *gap,
            Text("try in a second terminal in this folder (Ctrl-C ends the demo)", style="bold"),
            self._commands(progress),
        )
        taken = sum(len(self._console.render_lines(part)) for part in (above, below))
        leads = self._leads(progress, height - taken, wide=width >= _WIDE)
        return Group(above, leads, below)

    @staticmethod
    def _figures(progress: Progress) -> Text:
        figures = Text(no_wrap=True, overflow="ellipsis")
        figures.append(f"{progress.rate:,.0f} events/s", style="bold green")
        figures.append(f"   produced {progress.produced:,}   decided {progress.decided:,}")
        figures.append(f"   waiting {progress.figures.lag:,}   dead letters {progress.figures.dead_letters:,}")
        figures.append(f"   qualified {progress.qualified:,}", style="bold")
        if progress.notice:
            figures.append(f"   {progress.notice}", style="bold red")
        return figures

    @staticmethod
    def _outcomes(progress: Progress) -> Table:
        outcomes = progress.outcomes()
        most = max(outcomes.values(), default=1)
        table = Table.grid(padding=(0, 2))
        for outcome, count in outcomes.items():
            bar = "█" * max(1, round(24 * count / most))
            style = "green" if outcome == "qualified" else "dim"
            table.add_row(outcome, Text(f"{count:,}", justify="right"), Text(bar, style=style))
        if not outcomes:
            table.add_row(Text("no outcomes yet", style="dim"))
        return table

    @staticmethod
    def _downstream(progress: Progress) -> list[Text]:
        """What the downstream services did, and what happened to one lead."""
        downstream = progress.downstream
        lines = downstream.lines()
        figures = Text(downstream.figures(), overflow="fold")
        if not lines:
            return [figures]
        return [figures, Text(" → ".join(lines), style="cyan", no_wrap=True, overflow="ellipsis")]

    @staticmethod
    def _outcomes_in_a_line(progress: Progress) -> Text:
        told = "  ".join(f"{outcome} {count:,}" for outcome, count in progress.outcomes().items())
        return Text(told or "no outcomes yet", overflow="fold", style="dim")

    @staticmethod
    def _leads(progress: Progress, lines: int, *, wide: bool) -> Table:
        """As many of the newest as fit into so many lines, at least one."""
        table = Table.grid(padding=(0, 2))
        for event in list(reversed(progress.newest))[: max(1, lines if wide else lines // 2)]:
            lead = Text(event["lead_id"], style="bold")
            model = IN_ENGLISH.sentence(model_finding(event))
            by = Text(model + _BY.get(event["origin"], ""), style="cyan")
            if wide:
                table.add_row(lead, by, _reason(event), _change(event))
            else:
                table.add_row(lead, _reason(event))
                table.add_row("", _in_a_line(by, Text("  "), _change(event)))
        if not progress.newest:
            table.add_row(Text("none yet", style="dim"))
        return table

    def _commands(self, progress: Progress) -> Table:
        table = Table.grid(padding=(0, 2))
        lead_id = progress.newest[-1]["lead_id"] if progress.newest else None
        for what, example in self._next:
            command = example
            if what.startswith(EXPLAIN) and lead_id is not None:
                command = " ".join([*example.split(" ")[:-1], quote(lead_id)])
            table.add_row(Text(what, style="dim"), Text(command, style="yellow", overflow="fold"))
        return table


def _in_a_line(*parts: Text) -> Text:
    text = Text(no_wrap=True, overflow="ellipsis")
    for part in parts:
        text.append_text(part)
    return text


def _reason(event: dict[str, Any]) -> Text:
    """Criterion by criterion: score and threshold, or grade; met."""
    text = Text(no_wrap=True, overflow="ellipsis")
    for index, one in enumerate(event["criteria"]):
        text.append(" · " if index else "")
        if "threshold" in one:
            score = number(one["score"]) if "score" in one else "none"
            sign = "≥" if "score" in one and one["score"] >= one["threshold"] else "<"
            text.append(f"{one['scoring_model_id']} {score} {sign} {number(one['threshold'])} ")
        else:
            text.append(f"{one['scoring_model_id']} grade {one.get('grade', 'none')} ")
        text.append("✓" if one["met"] else "✗", style="green" if one["met"] else "red")
    return text


def _change(event: dict[str, Any]) -> Text:
    text = Text(no_wrap=True, overflow="ellipsis")
    for index, (name, change) in enumerate(event["changes"].items()):
        text.append(", " if index else "")
        text.append(f"{name} ", style="dim")
        text.append(f"{IN_ENGLISH.value(change['from'])} → {IN_ENGLISH.value(change['to'])}")
    return text
