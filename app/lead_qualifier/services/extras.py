"""What the extras of the package install, and whether it is there."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

#: What the extras `console` and `demo` install and the program itself does not.
_CONSOLE = ("authlib", "babel", "fastapi", "httpx2", "jinja2", "psycopg", "python_multipart", "sqlalchemy", "uvicorn")
_DEMO = ("docker", "testcontainers")


def console_needs() -> str | None:
    """What is missing to run the console, and how to install it, as a sentence; None if nothing is."""
    return _needs("the console", _CONSOLE, extra="console")


def container_needs() -> str | None:
    """What is missing to start a broker in a container, and how to install it, as a sentence; None if nothing is."""
    return _needs("a broker in a container", _DEMO, extra="demo")


def _needs(what: str, packages: Sequence[str], *, extra: str) -> str | None:
    missing = [name for name in packages if find_spec(name) is None]
    if not missing:
        return None
    return f"{what} needs packages that are not installed ({', '.join(missing)}): pip install 'lead-qualifier[{extra}]'"
