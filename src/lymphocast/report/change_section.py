"""What would change the answers, and the claims of the source beside them."""

from collections.abc import Iterator
from typing import Final

from lymphocast.criteria.check import CheckReport
from lymphocast.forecast.results import Answer, Results
from lymphocast.forecast.valued import CountValue, NextCount
from lymphocast.record.patient import Claim, PatientRecord
from lymphocast.report.blocks import (
    Block,
    Bullets,
    Column,
    Paragraph,
    Row,
    Section,
    Subheading,
    Table,
    Tone,
)
from lymphocast.report.claims import claim_support, next_count_sentence, sensitivity_sentence
from lymphocast.report.claims_ahead import (
    delay_sentence,
    history_sentences,
    shown_sentences,
    timing_sentences,
)
from lymphocast.report.construction import bearings, immovable
from lymphocast.report.naming import plain
from lymphocast.report.reasons import answers, weight_of
from lymphocast.report.wording import (
    COURSE_WORDS,
    day,
    listed,
    number,
    prose,
    short_probability,
    stated,
    weight,
    words,
)

QUOTES: Final = '"“”'
LAST_COUNT: Final = "last-count"


def change_section(record: PatientRecord, check: CheckReport, results: Results) -> Section:
    """Return the facts and assumptions that would move the answers."""
    return Section(
        "change",
        "What would change this answer",
        (
            Bullets(tuple(_facts(record, check, results))),
            Subheading("Other assumptions"),
            sensitivity_table(results),
            Bullets(
                tuple(
                    sensitivity_sentence(v, results.sensitivity)
                    for v in results.verdicts
                    if v.answer is Answer.UNDECIDED
                )
            ),
            left_out_table(results),
            Subheading("Timing"),
            Bullets(timing_sentences(results.timing, results.observed)),
            Subheading("One more count"),
            count_value_table(results.next_count),
            Paragraph(delay_sentence(results.next_count)),
            *(Paragraph(text) for text in shown_sentences(results.next_count)),
            Subheading("How earlier predictions fared"),
            *(Paragraph(text) for text in history_sentences(results.history)),
            Subheading("What cannot move these answers, by construction"),
            Bullets(immovable(record)),
        ),
    )


def _facts(record: PatientRecord, check: CheckReport, results: Results) -> Iterator[str]:
    yield from (f"Data not read: {prose(u.what)}." for u in record.unread)
    if any(point.origin == LAST_COUNT for point in results.forecast.averaged):
        yield next_count_sentence(results)
    if check.icl.missing:
        yield (
            "The missing items of the case definition. The hypotheses presume the diagnosis; "
            "another cause of a low count would be a further explanation."
        )
    yield from bearings(record)
    yield from (
        f"The dates of the missed doses of {m.drug}."
        for m in record.missed_doses
        if not m.dates_known
    )


def sensitivity_table(results: Results) -> Table:
    """Return the probability of each verdict's statement under changed assumptions."""
    return Table(
        "Sensitivity of the answers",
        (
            Column("What is changed", 4),
            *(Column(f"({v.id})", 1, numeric=True) for v in results.verdicts),
            Column("Weight of an IL-2 effect", 1.6, numeric=True),
            Column("Effective draws", 1.2, numeric=True),
        ),
        tuple(
            Row(
                (
                    row.label,
                    *(short_probability(row.probabilities[v.id]) for v in results.verdicts),
                    short_probability(row.p_il2),
                    number(row.ess, 2),
                )
            )
            for row in results.sensitivity
        ),
        "Columns are the questions of the summary: "
        + " ".join(f"({v.id}) {v.question}" for v in results.verdicts),
    )


def count_value_table(value: NextCount) -> Table:
    """Return what one more count would tell by date, and the counts that the source shows."""
    return Table(
        "What one more count would tell",
        (
            Column("Taken on", 3),
            Column("Months after the last", 1.2, numeric=True),
            Column("Information on (b), bits", 1.3, numeric=True),
            Column("P(answer b decided)", 1.3, numeric=True),
            Column("Information on (c), bits", 1.3, numeric=True),
            Column("Information on an IL-2 effect, bits", 1.5, numeric=True),
        ),
        tuple(_value_row(row) for row in (*value.by_date, *value.figure)),
        "Expected from the draws of this fit, under the course as recorded and without further "
        "treatment. Days without a number of months lie in the past: the source shows counts "
        "there that the record lacks. “Decided” is by the base analysis alone, not by the whole "
        "sensitivity table.",
    )


def _value_row(value: CountValue) -> Row:
    cells = (
        words(tuple(day(d) for d in value.days)),
        stated(value.months) if value.months else "–",
        number(value.bits["b"], 2),
        short_probability(value.p_decided["b"]),
        number(value.bits["c"], 2),
        number(value.bits["il2"], 2),
    )
    return Row(cells)


def left_out_table(results: Results) -> Table:
    """Return the answers without each natural course: what its prior weight decides."""
    courses = tuple(dict.fromkeys(row.course for row in results.hypotheses))
    letters = tuple(answers(results))
    return Table(
        "The answers if one natural course is left out",
        (
            Column("Left out", 4),
            Column("Prior weight", 1.2, numeric=True),
            Column("Posterior weight", 1.2, numeric=True),
            *(Column(f"({letter})", 1, numeric=True) for letter in letters),
        ),
        (
            Row(("none (base analysis)", "–", "–", *_answers(results, ""))),
            *(
                Row(
                    (
                        listed(COURSE_WORDS, course),
                        *(weight(w) for w in weight_of(results, course)),
                        *_answers(results, course),
                    )
                )
                for course in courses
            ),
        ),
        "Exact, by setting the prior weight to 0.",
    )


def _answers(results: Results, course: str) -> tuple[str, ...]:
    found = answers(results, course).values()
    return tuple("–" if p is None else short_probability(p) for p in found)


def quoted(claim: Claim) -> str:
    """Return a claim in one pair of quotation marks."""
    return f"“{claim.text.strip(QUOTES)}”"


def claims_section(record: PatientRecord, results: Results) -> Section:
    """Return the claims of the source beside their computed support."""
    blocks: tuple[Block, ...] = (Paragraph("The record holds no claim of its sources.", Tone.NOTE),)
    if record.claims:
        blocks = (
            Table(
                "What the source concludes, and what this analysis computes",
                (Column("Claim", 4), Column("Place", 1.6), Column("Computed support", 4.4)),
                tuple(
                    Row(
                        (
                            quoted(claim),
                            plain(record, f"{claim.source}: {claim.locator}"),
                            claim_support(claim, results.verdicts),
                        )
                    )
                    for claim in record.claims
                ),
                "A claim is set beside the nearest question of this analysis; the two are not "
                "always the same statement.",
            ),
        )
    return Section("claims", "The claims of the source", blocks)
