"""What the extras of the package install, and whether it is there."""

from __future__ import annotations

from importlib.util import find_spec

#: What an extra installs and the program itself does not.
_PACKAGES = {
    "console": (
        *("authlib", "babel", "fastapi", "httpx2", "jinja2"),
        *("psycopg", "python_multipart", "sqlalchemy", "uvicorn"),
    ),
    "demo": ("docker", "testcontainers"),
}


def console_needs() -> str | None:
    """What is missing to run the console, and how to install it, as a sentence; None if nothing is."""
    return _needs("the console", "console")


def container_needs() -> str | None:
    """What is missing to start a broker in a container, and how to install it, as a sentence; None if nothing is."""
    return _needs("a broker in a container", "demo")


def _needs(what: str, extra: str) -> str | None:
    missing = [name for name in _PACKAGES[extra] if find_spec(name) is None]
    if not missing:
        return None
    return f"{what} needs packages that are not installed ({', '.join(missing)}): pip install 'lead-qualifier[{extra}]'"
