"""The command line: `lead-qualifier`."""

from __future__ import annotations


def main() -> None:
    """Run the program with the arguments it was started with; ends the process with its exit code."""
    from lead_qualifier.cli.program import run  # noqa: PLC0415  parts of this package are of use without the whole program

    run()
