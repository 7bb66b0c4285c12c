"""The page of credibility evidence, as a document for the report's writers.

Sentences are made of what the checks found; what is given stands in
:mod:`lymphocast.verification.statements`.
"""

from collections.abc import Iterator
from typing import Final

from lymphocast.report.blocks import (
    Block,
    Bullets,
    Column,
    Document,
    Listing,
    Mark,
    Paragraph,
    Row,
    Section,
    Subheading,
    Table,
    Tone,
)
from lymphocast.report.method_section import LIMITS, prior_table
from lymphocast.report.wording import capital, small, words
from lymphocast.verification.check import CheckResult, Heading, Outcome
from lymphocast.verification.evidence import Adequacy, ContextEvidence, Evidence
from lymphocast.verification.statements import CONTEXTS, QUESTION, RISK_RULE, STATUS, Level

TITLE: Final = "Credibility evidence"
WORDS: Final = {Outcome.PASSED: "passed", Outcome.FAILED: "FAILED", Outcome.NOT_RUN: "not run"}
NOT_EVERY: Final = (
    "No run of checks shows a model to be true. A check that passes has not found the fault that "
    "it looks for; one that is not run is no evidence."
)
CHECK_COLUMNS: Final = (
    Column("Check", 1.7),
    Column("Asked", 2.6),
    Column("Passes if", 3.0),
    Column("Found", 3.2),
    Column("Outcome", 0.9),
    Column("Seconds", 0.9, numeric=True),
    Column("Seed", 1.0, numeric=True),
)


def evidence_document(evidence: Evidence) -> Document:
    """Return the page."""
    return Document(
        title=TITLE,
        subtitle=f"lymphocast {evidence.versions['lymphocast']}, {run_words(evidence)}",
        sections=(
            Section("question", "Question of interest", (Paragraph(QUESTION),)),
            _context_section(),
            _risk_section(),
            Section("outcome", "What the checks found", tuple(_outcome(evidence))),
            *(_checks_section(heading, evidence) for heading in Heading),
            Section("adequacy", "Adequacy", tuple(_adequacy(evidence))),
        ),
    )


def run_words(evidence: Evidence) -> str:
    """Return which run this was."""
    kind = "quick run" if evidence.quick else "full run"
    return f"{kind}, seed {evidence.seed}, {evidence.seconds:.0f} s"


def outcome_sentence(evidence: Evidence) -> str:
    """Return how many checks there are and what became of them."""
    passed, failed, missing = (len(evidence.of(outcome)) for outcome in Outcome)
    return (
        f"Of {small(len(evidence.checks), 'check')}, {passed} passed, {failed} failed and "
        f"{missing} {'was' if missing == 1 else 'were'} not run."
    )


def failed_sentence(evidence: Evidence) -> str:
    """Return which checks failed; nothing if none did."""
    failed = evidence.of(Outcome.FAILED)
    names = words(tuple(check.id for check in failed))
    return f"{small(len(failed), 'check')} failed: {names}" if failed else ""


def adequacy_sentence(found: ContextEvidence) -> str:
    """Return whether the evidence suffices for one context, and why."""
    needed = len(found.context.needs)
    match found.adequacy:
        case Adequacy.SHOWN:
            return f"Adequate: {small(needed, 'check')} that it needs ran and passed."
        case Adequacy.CONTRADICTED:
            tail = f" Not run: {words(found.missing)}." if found.missing else ""
            return f"Not adequate: {words(found.failed)} failed.{tail}"
        case _:
            run = needed - len(found.missing)
            return (
                f"Not shown: {run} of {needed} that it needs passed, and none failed; not run: "
                f"{words(found.missing)}."
            )


def _context_section() -> Section:
    return Section(
        "context",
        "Context of use",
        (
            Paragraph(STATUS, Tone.BANNER),
            Table(
                "Contexts of use",
                (Column("Context", 1.5), Column("Who reads what for what", 5.0)),
                tuple(Row((c.name, c.use)) for c in CONTEXTS),
            ),
        ),
    )


def _risk_section() -> Section:
    return Section(
        "risk",
        "Model risk",
        (
            Table(
                "Influence of the model and consequence of a wrong decision",
                (
                    Column("Context", 1.5),
                    Column("Influence", 2.6),
                    Column("Consequence", 2.6),
                    Column("Risk", 0.8),
                    Column("Checks needed", 0.9, numeric=True),
                ),
                tuple(
                    Row(
                        (
                            c.name,
                            f"{_level(c.influence)}: {c.influence_reason}",
                            f"{_level(c.consequence)}: {c.consequence_reason}",
                            _level(c.risk),
                            str(len(c.needs)),
                        )
                    )
                    for c in CONTEXTS
                ),
                RISK_RULE,
            ),
        ),
    )


def _level(level: Level) -> str:
    return level.name.lower()


def _outcome(evidence: Evidence) -> Iterator[Block]:
    if not evidence.passed:
        yield Paragraph(f"{capital(failed_sentence(evidence))}.", Tone.BANNER)
    yield Paragraph(outcome_sentence(evidence))
    counts = []
    for heading in Heading:
        own = [check for check in evidence.checks if check.heading is heading]
        of = [str(sum(check.outcome is outcome for check in own)) for outcome in Outcome]
        counts.append(Row((heading.value, *of, f"{sum(check.seconds for check in own):.1f}")))
    yield Table(
        "Checks by heading",
        (
            Column("Heading", 3),
            *(Column(WORDS[outcome].capitalize(), numeric=True) for outcome in Outcome),
            Column("Seconds", numeric=True),
        ),
        tuple(counts),
    )
    yield Paragraph(NOT_EVERY, Tone.NOTE)


def _checks_section(heading: Heading, evidence: Evidence) -> Section:
    own = tuple(check for check in evidence.checks if check.heading is heading)
    table = Table(
        f"{heading.value}: {small(len(own), 'check')}",
        CHECK_COLUMNS,
        tuple(_row(check) for check in own),
        "A check that shares the founding fit with others counts its time if it came first.",
    )
    blocks: list[Block] = [table]
    if heading is Heading.UNCERTAINTY:
        blocks += [Subheading("Inputs"), prior_table(evidence.priors)]
        blocks += [Subheading("Limits"), Bullets(LIMITS)]
    return Section(heading.name.lower(), heading.value, tuple(blocks))


def _row(check: CheckResult) -> Row:
    failed = check.outcome is Outcome.FAILED
    return Row(
        (
            check.id.partition(".")[2],  # the section says the rest
            check.asks,
            f"{check.rule}. {check.reason}".strip(),
            check.found,
            WORDS[check.outcome],
            f"{check.seconds:.1f}",
            "–" if check.seed is None else str(check.seed),
        ),
        Mark.FAILED if failed else Mark.PLAIN,
    )


def _adequacy(evidence: Evidence) -> Iterator[Block]:
    yield Table(
        "Is the evidence enough for the risk?",
        (Column("Context", 1.5), Column("Risk", 0.7), Column("Evidence", 5.0)),
        tuple(
            Row(
                (found.context.name, _level(found.context.risk), adequacy_sentence(found)),
                Mark.FAILED if found.adequacy is Adequacy.CONTRADICTED else Mark.PLAIN,
            )
            for found in evidence.contexts
        ),
    )
    yield Paragraph(closing_sentence(evidence))
    yield Subheading("What each context needs")
    yield Paragraph("A context of higher risk needs more checks to have run and passed.")
    yield Bullets(tuple(f"{c.name}: {', '.join(c.needs)}." for c in CONTEXTS))
    yield Subheading("How to repeat it")
    option = " --quick" if evidence.quick else ""
    yield Listing((f"lymphocast verify{option} --seed {evidence.seed} -o verify.html",))
    yield Table(
        "What was checked",
        (Column("Item", 2), Column("Version", 4)),
        tuple(Row((name, version)) for name, version in sorted(evidence.versions.items())),
    )


def closing_sentence(evidence: Evidence) -> str:
    """Return for which contexts the evidence suffices, in one sentence."""
    shown, other = (
        tuple(
            f"“{found.context.name}”"
            for found in evidence.contexts
            if (found.adequacy is Adequacy.SHOWN) is wanted
        )
        for wanted in (True, False)
    )
    if not shown:
        return f"The evidence of this run suffices for none of the contexts: {words(other)}."
    if not other:
        return f"The evidence of this run suffices for {words(shown)}."
    return f"The evidence of this run suffices for {words(shown)}, and not for {words(other)}."
