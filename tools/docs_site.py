"""A hook of MkDocs: repository files that a page links to, such as a test or an example, become part of the site."""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

_LINK = re.compile(r"(?<=\]\()(\.\./[^)#\s]+)")
_FOLDER = "source"


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """The page, its links out of docs/ turned to copies under `source/`; a dead link stays, for MkDocs to report."""
    here = Path(page.file.abs_src_path or config.docs_dir).parent
    docs = Path(config.docs_dir).resolve()

    def copied(link: re.Match[str]) -> str:
        target = (here / link[1]).resolve()
        if target.is_relative_to(docs) or not target.is_file():
            return link[1]
        # As text, so that a browser shows it and MkDocs takes no Markdown for a page.
        uri = f"{_FOLDER}/{target.relative_to(docs.parent).as_posix()}.txt"
        if files.get_file_from_path(uri) is None:
            files.append(File.generated(config, uri, content=target.read_bytes()))
        return "../" * page.file.src_uri.count("/") + uri

    return _LINK.sub(copied, markdown)
