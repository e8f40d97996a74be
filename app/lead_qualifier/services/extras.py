"""What the extras of the package install, and whether it is there."""

from __future__ import annotations

from importlib.util import find_spec

#: What the extra `console` installs and the program itself does not.
_CONSOLE = ("authlib", "babel", "fastapi", "httpx2", "jinja2", "psycopg", "python_multipart", "sqlalchemy", "uvicorn")


def console_needs() -> str | None:
    """What is missing to run the console, and how to install it, as a sentence; None if nothing is."""
    missing = [name for name in _CONSOLE if find_spec(name) is None]
    if not missing:
        return None
    return (
        f"the console needs packages that are not installed ({', '.join(missing)}): "
        "pip install 'lead-qualifier[console]'"
    )
