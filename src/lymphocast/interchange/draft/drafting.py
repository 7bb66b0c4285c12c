"""Drafting: from a page to a case file of proposals."""

import json
from pathlib import Path
from typing import Final

import yaml

from lymphocast.errors import UsageError
from lymphocast.files import write_whole
from lymphocast.interchange.draft.assemble import Draft, assemble
from lymphocast.interchange.draft.page import read_page
from lymphocast.interchange.draft.reading import read_story
from lymphocast.record.casefile import parse_case

HEAD: Final = """\
# Proposed from the text of {file}; nothing here is accepted yet.
# Each fact quotes the characters that it was read from. To accept a fact write 'stated' (or
# 'derived') in place of 'proposed' at each of its places; to reject it delete it. Delete a question
# when it is answered. A file that still holds a proposal or a question is not fitted.
"""


def draft_page(page: Path) -> Draft:
    """Propose the facts that the text of an abstract or legend states of one patient.

    Parameters
    ----------
    page
        The saved text of a PubMed page, MEDLINE, PubMed XML, or plain text.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    RecordError
        If it cannot be read, or holds more than one article.
    """
    read = read_page(page)
    return assemble(read, read_story(read))


def draft_case(page: Path, out: Path) -> Draft:
    """Write the facts proposed from a page as a case file; it appears complete or not at all.

    Parameters
    ----------
    page
        As in ``draft_page``.
    out
        The case file: ``.json`` for JSON, any other suffix for YAML.

    Raises
    ------
    FileNotFoundError, RecordError
        As ``draft_page``.
    UsageError
        If the case file is the page itself.
    """
    if out.exists() and page.exists() and out.samefile(page):
        message = f"cannot write '{out}': it is the page that is read"
        raise UsageError(message)
    draft = draft_page(page)
    text = case_text(draft, as_json=out.suffix.lower() == ".json")
    parse_case(text, out.name)
    write_whole(out, text.encode("utf-8"))
    return draft


def case_text(draft: Draft, *, as_json: bool = False) -> str:
    """Return a draft as the text of a case file."""
    if as_json:
        return json.dumps(draft.case, indent=2, ensure_ascii=False) + "\n"
    body = yaml.safe_dump(draft.case, sort_keys=False, allow_unicode=True, width=110)
    return HEAD.format(file=draft.page.file) + "\n" + body


def draft_lines(draft: Draft) -> tuple[str, ...]:
    """Return what a draft holds as lines for people: how much of each kind, and each question."""
    kinds = [p.kind for p in draft.facts]
    counts = ", ".join(f"{kinds.count(k)} {k}" for k in dict.fromkeys(kinds))
    if not draft.proposals:
        return ("nothing is proposed: the text describes no single patient",)
    asked = len(draft.questions)
    plural = "" if asked == 1 else "s"
    lines = [f"{len(draft.facts)} proposed ({counts}); {asked} question{plural}"]
    lines += [f"  {question.text}" for question in draft.questions]
    return tuple(lines)
