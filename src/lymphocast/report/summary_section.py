"""The opening sections: what a clinician can check in two minutes, and what this is not."""

from lymphocast.criteria.check import CheckReport
from lymphocast.figures.curves import explanation_letters
from lymphocast.forecast.results import Results
from lymphocast.record.issue import Severity
from lymphocast.record.patient import Demographics, PatientRecord
from lymphocast.report.blocks import (
    Bullets,
    Column,
    Mark,
    Paragraph,
    Row,
    Section,
    Table,
    Tone,
)
from lymphocast.report.claims import (
    DECISION_RULE,
    counts_sentence,
    icl_sentence,
)
from lymphocast.report.construction import lift_words
from lymphocast.report.marginals import Explanation, explanations
from lymphocast.report.naming import plain
from lymphocast.report.reasons import clearance_sentences, course_sentence, prior_of_verdict
from lymphocast.report.wording import (
    NOT_ASKED,
    ORIGIN_WORDS,
    listed,
    probability_range,
    prose,
    quantity,
    short_probability,
    small,
    weight,
    words,
    years,
)

NOT_COMPUTED = "–"
DISCLAIMER = (
    "Not a medical device and not advice. A retrospective model of a single patient: no number "
    "here is meant to guide the treatment of this or any other person."
)


def summary_section(record: PatientRecord, check: CheckReport, results: Results) -> Section:
    """Return the summary: the counts, the verdicts and what they rest on."""
    return Section(
        "summary",
        "Summary",
        (
            Paragraph(DISCLAIMER, Tone.BANNER),
            *_trust(results),
            Paragraph(
                f"{_person(record.demographics)} {counts_sentence(results.observed)} "
                f"{icl_sentence(check.icl)} {_issues(check)}"
            ),
            *_first_issue(record, check),
            verdict_table(results),
            Paragraph(DECISION_RULE, Tone.NOTE),
            explanation_table(results),
            Paragraph(course_sentence(results, lift_words(record)), lead="What decides."),
            *(Paragraph(text) for text in clearance_sentences(results)),
        ),
    )


def _trust(results: Results) -> tuple[Paragraph, ...]:
    if results.fit.diagnostics_passed:
        return ()
    text = "The computational diagnostics of this fit failed. Its numbers must not be used."
    return (Paragraph(text, Tone.BANNER),)


def _first_issue(record: PatientRecord, check: CheckReport) -> tuple[Paragraph, ...]:
    return tuple(
        Paragraph(prose(plain(record, issue.message)), lead="To act on first in the record:")
        for issue in check.issues[:1]
    )


def _person(who: Demographics) -> str:
    stated = tuple(
        text
        for text in (
            who.ancestry or "",
            who.sex or "",
            f"aged {quantity(who.age)}" if who.age else "",
        )
        if text
    )
    return f"One patient: {', '.join(stated)}." if stated else "One patient."


def _issues(check: CheckReport) -> str:
    counts = tuple(
        small(n, name)
        for severity, name in (
            (Severity.ERROR, "error"),
            (Severity.WARNING, "warning"),
            (Severity.INFO, "note"),
        )
        if (n := sum(issue.severity is severity for issue in check.issues))
    )
    return (
        f"The check of the record returned {words(counts)}."
        if counts
        else ("The check of the record returned no issue.")
    )


def verdict_table(results: Results) -> Table:
    """Return the table of verdicts with their probabilities and ranges."""
    analyses = small(len(results.sensitivity), "analysis", "analyses")
    return Table(
        "The questions and their answers",
        (
            Column("", 0.5),
            Column("Question", 2.6),
            Column("Answer", 1.3),
            Column("Probability", 1.3, numeric=True),
            Column(f"Range over {analyses}", 1.5, numeric=True),
            Column("Before the data", 1.2, numeric=True),
            Column("What is asked, exactly", 4.2),
        ),
        (
            *(
                Row(
                    (
                        f"({v.id})",
                        v.question,
                        v.answer.value,
                        short_probability(v.probability),
                        probability_range(v.lowest, v.highest),
                        prior_of_verdict(results, v.id),
                        prose(v.definition),
                    )
                )
                for v in results.verdicts
            ),
            *(
                Row((f"({u.id})", u.question, NOT_ASKED, *(NOT_COMPUTED,) * 3, prose(u.why)))
                for u in results.unasked
            ),
        ),
        "Probabilities are averaged over the hypotheses, with the weights of the table below. "
        "“Before the data” is given where the prior weights alone determine it. That something "
        "raised the count credits no drug: recovery and the lifting of an infection are among the "
        "things that may have.",
    )


def explanation_table(results: Results) -> Table:
    """Return the averaged answers about the counts beside those of each explanation."""
    horizon = min(
        (p.years for p in results.forecast.averaged if p.origin == "last-count"), default=0.0
    )
    limits = _limits(results, horizon)
    letters = explanation_letters(results)
    after = f"{years(horizon)} after {listed(ORIGIN_WORDS, 'last-count')}"
    return Table(
        "The averages and the explanations that they average",
        (
            Column("Explanation of the counts", 3.4),
            Column("Prior weight", 1, numeric=True),
            Column("Posterior weight", 1.2, numeric=True),
            Column("P(IL-2 made more than half of the rise)", 1.8, numeric=True),
            *(Column(f"P(below {n} by {after})", 1.8, numeric=True) for n in limits),
        ),
        (
            _averaged(results, horizon, limits),
            *(
                _explained(group, letters.get(group.name, ""), results, horizon, limits)
                for group in explanations(results)
            ),
        ),
        "Each explanation is summed over the hypotheses on clearance of the infection. “By” means "
        "at some time up to then (first passage), untreated."
        + (" Letters are those of the figure." if letters else ""),
    )


def _limits(results: Results, horizon: float) -> tuple[int, ...]:
    return tuple(
        sorted(
            {
                limit
                for point in results.forecast.averaged
                if (point.origin, point.years) == ("last-count", horizon)
                for limit in point.p_below_by_then
            },
            reverse=True,
        )
    )


def _averaged(results: Results, horizon: float, limits: tuple[int, ...]) -> Row:
    points = results.forecast.averaged
    passage = tuple(
        short_probability(point.p_below_by_then[limit])
        for limit in limits
        for point in points
        if (point.origin, point.years) == ("last-count", horizon)
    )
    half = short_probability(results.attribution.averaged.p_il2_more_than_half)
    return Row(("Averaged", "1", "1", half, *passage), Mark.AVERAGED)


def _explained(
    group: Explanation, letter: str, results: Results, horizon: float, limits: tuple[int, ...]
) -> Row:
    by_hypothesis = results.attribution.by_hypothesis
    half = {row.name: by_hypothesis[row.name].p_il2_more_than_half for row in group.members}
    passage = (
        {
            row.name: point.p_below_by_then[limit]
            for row in group.members
            for point in results.forecast.by_hypothesis[row.name]
            if (point.origin, point.years) == ("last-count", horizon)
        }
        for limit in limits
    )
    return Row(
        (
            f"{letter}: {group.label}" if letter else group.label,
            weight(group.prior),
            weight(group.weight),
            _cell(group.mean(half)),
            *(_cell(group.mean(values)) for values in passage),
        )
    )


def _cell(p: float | None) -> str:
    return NOT_COMPUTED if p is None else short_probability(p)


def limits_of_use_section() -> Section:
    """Return what the report is not."""
    return Section(
        "not",
        "What this is not",
        (
            Bullets(
                (
                    "Not a trial. It is a retrospective model of one patient, who was reported "
                    "because of the course. It asks what happened in this patient; whether IL-2 "
                    "works in the disease cannot be learnt from one published patient, and no "
                    "answer is given.",
                    "Not the whole patient. It rests on the sources named below and on nothing "
                    "else; what they do not state stays unknown. It has not been assessed for "
                    "diagnosis or treatment.",
                    "Not free of assumptions. Each hypothesis and prior is listed with its source; "
                    "the answers are conditional on them, and the sensitivity table shows how far "
                    "they carry.",
                )
            ),
        ),
    )
