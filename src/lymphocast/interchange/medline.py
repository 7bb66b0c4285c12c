"""Citations from MEDLINE (.nbib), PubMed XML and the saved text of a PubMed page."""

from pathlib import Path

from lymphocast.errors import RecordError
from lymphocast.interchange.citation import NEEDED, Citation, decoded, identified
from lymphocast.interchange.nbib import is_nbib, read_nbib
from lymphocast.interchange.pubmed_page import read_saved_pages
from lymphocast.interchange.pubmed_xml import is_xml, read_xml

SIZE_LIMIT = 64 * 2**20  # bytes


def read_citations(path: Path) -> tuple[Citation, ...]:
    """Return the articles of a file; its content, not its suffix, decides the format.

    Parameters
    ----------
    path
        MEDLINE, PubMed XML, or the saved text of a PubMed page, in UTF-8 or UTF-16.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    RecordError
        At the first thing that cannot be read: file, line, what stands there, what is needed.
    """
    text = decoded(content_of(path, SIZE_LIMIT), path.name)
    if not text.strip():
        raise RecordError(path.name, None, "an empty file", NEEDED)
    if is_xml(text):
        return identified(read_xml(text, path.name))
    if is_nbib(text):
        return identified(read_nbib(text, path.name))
    return identified(page.citation for page in read_saved_pages(text, path.name))


def content_of(path: Path, limit: int) -> bytes:
    """Return the bytes of a file that may not be larger than ``limit``.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    RecordError
        If it cannot be read or is larger.
    """
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        found = f"a path that cannot be read ({error.strerror})"
        raise RecordError(path.name, None, found, NEEDED) from None
    if len(content) > limit:
        found, needed = f"more than {limit // 2**20} MB", f"at most {limit // 2**20} MB"
        raise RecordError(path.name, None, found, needed)
    return content
