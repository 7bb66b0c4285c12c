"""Writes the evidence: HTML, PDF or JSON by the file's suffix, or lines for a terminal."""

from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap
from typing import Final

from lymphocast.files import write_whole
from lymphocast.report.plain import WIDTH
from lymphocast.report.values import json_text
from lymphocast.report.write import write_report
from lymphocast.verification.check import Heading
from lymphocast.verification.evidence import Evidence
from lymphocast.verification.page import (
    NOT_EVERY,
    WORDS,
    adequacy_sentence,
    closing_sentence,
    evidence_document,
    failed_sentence,
    outcome_sentence,
    run_words,
)
from lymphocast.verification.run import Progress, verify

SUFFIXES: Final = (".html", ".pdf", ".json")


def verify_and_write(
    path: Path | None, *, seed: int, quick: bool, json: bool, progress: Progress | None = None
) -> tuple[str, str]:
    """Run every check and write the page, if a path is given.

    Returns
    -------
    tuple
        What to print (the path, or the evidence as lines or JSON), and which checks failed, in a
        sentence that is empty if none did.
    """
    evidence = verify(seed=seed, quick=quick, progress=progress)
    if path is not None:
        write_evidence(evidence, path)
        return str(path), failed_sentence(evidence)
    text = evidence_json(evidence) if json else "\n".join(evidence_lines(evidence))
    return text, failed_sentence(evidence)


def write_evidence(evidence: Evidence, path: Path) -> None:
    """Write the page, complete or not at all.

    Raises
    ------
    UsageError
        If the suffix is none of ``.html``, ``.pdf`` and ``.json``.
    """
    if path.suffix.lower() == ".json":
        write_whole(path, evidence_json(evidence).encode())
    else:
        write_report(evidence_document(evidence), path)


def evidence_json(evidence: Evidence) -> str:
    """Return the evidence as JSON text."""
    return json_text(
        {
            "passed": evidence.passed,
            "quick": evidence.quick,
            "seed": evidence.seed,
            "seconds": evidence.seconds,
            "versions": dict(sorted(evidence.versions.items())),
            "checks": evidence.checks,
            "contexts": [
                {
                    "id": found.context.id,
                    "name": found.context.name,
                    "use": found.context.use,
                    "influence": found.context.influence.name.lower(),
                    "consequence": found.context.consequence.name.lower(),
                    "risk": found.context.risk.name.lower(),
                    "needs": found.context.needs,
                    "failed": found.failed,
                    "not_run": found.missing,
                    "adequacy": found.adequacy,
                }
                for found in evidence.contexts
            ],
            "priors": evidence.priors,
        }
    )


def evidence_lines(evidence: Evidence) -> tuple[str, ...]:
    """Return the evidence as lines: outcomes, what was found, and the closing statement."""
    return tuple(_lines(evidence))


def _lines(evidence: Evidence) -> Iterator[str]:
    for heading in Heading:
        own = [check for check in evidence.checks if check.heading is heading]
        if own:
            yield heading.value
        for check in own:
            yield f"  {WORDS[check.outcome]:<8} {check.id} ({check.seconds:.1f} s)"
            yield from _indented(check.found)
    yield "Adequacy"
    for found in evidence.contexts:
        yield f"  {found.context.name} (risk {found.context.risk.name.lower()})"
        yield from _indented(adequacy_sentence(found))
    yield ""
    yield from wrap(closing_sentence(evidence), WIDTH)
    yield from wrap(outcome_sentence(evidence), WIDTH)
    yield f"{run_words(evidence).capitalize()}."
    yield from wrap(NOT_EVERY, WIDTH)


def _indented(text: str) -> Iterator[str]:
    yield from wrap(text, WIDTH, initial_indent="           ", subsequent_indent="           ")
