"""Proposals: facts that were read from a text and that nobody has accepted, and open questions.

A fact is accepted when no place of it has the method ``proposed``, a question when it is gone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import final

from lymphocast.errors import RecordError
from lymphocast.record.events import Question
from lymphocast.record.patient import PatientRecord
from lymphocast.record.provenance import Method, Provenance
from lymphocast.record.validate import Issue, Severity, places

RULE = "proposed"


@final
@dataclass(frozen=True)
class Open:
    """A proposal or a question that waits for a person.

    Parameters
    ----------
    section
        Section of the case file that holds it.
    id
        Its name; ``patient`` for age, sex and ancestry.
    text
        The question, or nothing.
    provenance
        The places that are proposed; their notes quote the text.
    """

    section: str
    id: str
    text: str
    provenance: tuple[Provenance, ...]


def open_proposals(record: PatientRecord) -> tuple[Open, ...]:
    """Return every proposal of a record that is not accepted, and every question, by section."""
    return tuple(_open(record))


def _open(record: PatientRecord) -> Iterator[Open]:
    if mine := _proposed(record.demographics):
        yield Open("patient", "patient", "", mine)
    for f in fields(record):
        facts = getattr(record, f.name)
        for fact in facts if isinstance(facts, tuple) else ():
            mine = _proposed(fact)
            if mine and not isinstance(fact, Question):
                yield Open(f.name, fact.id, "", mine)
    for question in record.questions:
        yield Open("questions", question.id, question.what, question.provenance)


def _proposed(fact: object) -> tuple[Provenance, ...]:
    """Return the places of a fact that are only proposed."""
    named = (getattr(fact, name, ()) for name in ("provenance", "product_provenance"))
    return tuple(p for found in named for p in found if p.method is Method.PROPOSED)


def proposal_issues(record: PatientRecord) -> Iterator[Issue]:
    """Find proposals and questions: each stops a fit until a person has decided on it."""
    for proposal in open_proposals(record):
        quotes = "; ".join(dict.fromkeys(p.note for p in proposal.provenance if p.note))
        if proposal.text:
            message = f"To be answered: {proposal.text}"
        else:
            message = f"Proposed in '{proposal.section}', not accepted: {quotes}"
        yield Issue(Severity.ERROR, RULE, proposal.id, message, places(proposal.provenance))


def refuse_proposals(record: PatientRecord) -> None:
    """Refuse a record that holds what nobody has accepted.

    Raises
    ------
    RecordError
        Naming every open proposal and question.
    """
    waiting = open_proposals(record)
    if waiting:
        named = ", ".join(proposal.id for proposal in waiting)
        facts = sum(1 for proposal in waiting if not proposal.text)
        found = f"{facts} proposals and {len(waiting) - facts} questions that wait ({named})"
        needed = "each fact accepted ('stated' in place of 'proposed') or removed"
        where = f"record '{record.id}'"
        raise RecordError(where, None, found, needed)
