"""`console`: serves pages and an HTTP API for people without a shell."""

from __future__ import annotations

from typing import Annotated

import typer

from lead_qualifier.cli.exit_codes import Refused
from lead_qualifier.cli.screen import say
from lead_qualifier.cli.worker import WebPort, broker_of, serving
from lead_qualifier.services.extras import console_needs

Port = Annotated[
    int | None,
    typer.Option(
        "--port",
        min=0,
        max=65535,
        metavar="PORT",
        help="Port of the pages; 0 picks a free one. Default: LEAD_QUALIFIER_CONSOLE_PORT (6070).",
    ),
]


def console(port: Port = None, web_port: WebPort = None) -> None:
    """Serve web pages and an HTTP API about leads and models.

    They show leads, and why each is qualified or not, and take commands, in English and German. Without an identity
    provider (LEAD_QUALIFIER_OIDC_ISSUER) the command prints a link that works once and opens the console in a browser
    of this machine. It reads the topics into a database (LEAD_QUALIFIER_DATABASE_URL, by default an SQLite file), and
    sends commands as the command line does. It needs
    `pip install 'lead-qualifier[console]'`. Health and metrics are on a port of their own, without a session. SIGTERM
    or Ctrl-C stops it.
    """
    if (needs := console_needs()) is not None:
        raise Refused(needs)
    settings = serving(console_port=port, web_port=web_port)
    from lead_qualifier.console.read_model.database import UnusableDatabase  # noqa: PLC0415  only with the extra
    from lead_qualifier.console.run import run_console  # noqa: PLC0415

    try:
        run_console(settings, broker_of(settings), show_link=lambda link: say(f"Console: {link}"))
    except UnusableDatabase as error:
        raise Refused(str(error)) from error
