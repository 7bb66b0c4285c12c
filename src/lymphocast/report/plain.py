"""What a terminal shows of the results: the same numbers as the report, as plain lines."""

from collections.abc import Iterator, Sequence
from textwrap import wrap

from lymphocast.forecast.foresight import Outlook
from lymphocast.forecast.results import AVERAGED, ForecastPoint, Results
from lymphocast.forecast.sensitivity import QUESTIONS
from lymphocast.forecast.valued import CountValue, NextCount
from lymphocast.record.patient import PatientRecord
from lymphocast.report.claims import last_out_sentence
from lymphocast.report.claims_ahead import (
    delay_sentence,
    history_sentences,
    shown_sentences,
    timing_sentences,
)
from lymphocast.report.claims_courses import Quote, quotes
from lymphocast.report.columns import table_lines
from lymphocast.report.construction import bearings, immovable
from lymphocast.report.outcome_tables import outcome_lines
from lymphocast.report.reasons import not_asked_sentence
from lymphocast.report.verdicts import verdict_lines

NOT_A_DEVICE = "Research software: a retrospective model of one patient. Not advice."
WIDTH = 100  # columns of prose
VALUED = ("b", "c")  # questions on which a count is valued


def explanation_lines(record: PatientRecord, results: Results) -> tuple[str, ...]:
    """Return verdicts, hypotheses, courses, sensitivity, and what would change the answers."""
    courses = (*outcome_lines(results.outcomes), *_prose("", quote_lines(quotes(results))))
    change = _change(record, results)
    return (*_explanation(results), "", *courses, *change, "", NOT_A_DEVICE)


def forecast_lines(results: Outlook, note: str = "") -> tuple[str, ...]:
    """Return the untreated latent count after the last one, averaged and by hypothesis.

    ``note`` is what must be said of the hypotheses.
    """
    return tuple(_forecast(results, note))


def _explanation(results: Results) -> Iterator[str]:
    yield from verdict_lines(results.verdicts)
    for text in map(not_asked_sentence, results.unasked):
        yield from wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ")
    yield ""
    yield "Hypotheses"
    rows = [
        (h.name, f"{h.prior:.3f}", f"{h.log_evidence:.2f}", f"{h.log_evidence_se:.2f}",
         f"{h.weight:.3f}",
         f"{results.attribution.by_hypothesis[h.name].p_il2_more_than_half:.2f}")
        for h in results.hypotheses
    ]  # fmt: skip
    average = f"{results.attribution.averaged.p_il2_more_than_half:.2f}"
    rows.append((AVERAGED, "1.000", "", "", "1.000", average))
    heads = ("hypothesis", "prior", "ln evidence", "SE", "weight", "P(IL-2 > half)")
    yield from table_lines(heads, rows)
    yield ""
    yield "Sensitivity"
    letters = [v.id for v in results.verdicts]
    yield from table_lines(
        ("changed assumption", *letters, "P(IL-2 adds cells)", "effective draws"),
        [
            (
                s.label,
                *(f"{s.probabilities[x]:.2f}" for x in letters),
                f"{s.p_il2:.2f}",
                f"{s.ess:.0f}",
            )
            for s in results.sensitivity
        ],
    )
    banners = [f"  {c.parameter}: {c.banner}" for c in results.contraction if c.banner]
    if banners:
        yield ""
        yield "Not informed by the data"
        yield from banners


def _change(record: PatientRecord, results: Results) -> Iterator[str]:
    yield from _prose("Leave-last-out", [last_out_sentence(results.leave_last_out.averaged)])
    yield from _prose("Timing", timing_sentences(results.timing, results.observed))
    yield from _next_count(results.next_count)
    yield from _prose("No number can be given for", bearings(record))
    yield from _prose("Predictions and counts", history_sentences(results.history))
    yield from _prose("What cannot move these answers, by construction", immovable(record))


def _next_count(found: NextCount) -> Iterator[str]:
    yield ""
    yield "What one more count would tell (bits of information, expected from the draws)"
    heads = ("taken on", "months", "on b", "P(b decided)", "on c", "on an IL-2 effect")
    yield from table_lines(heads, [_value(v) for v in (*found.by_date, *found.figure)])
    yield from _prose("", (delay_sentence(found), *shown_sentences(found)))


def _value(value: CountValue) -> tuple[str, ...]:
    return (
        " ".join(str(day) for day in value.days),
        f"{value.months:g}" if value.months else "past",
        f"{value.bits['b']:.2f}",
        f"{value.p_decided['b']:.2f}",
        f"{value.bits['c']:.2f}",
        f"{value.bits['il2']:.2f}",
    )


def _prose(title: str, sentences: Sequence[str]) -> Iterator[str]:
    if title:
        yield ""
        yield title
    for sentence in sentences:
        yield from wrap(sentence, WIDTH, initial_indent="  ", subsequent_indent="    ")


def _forecast(results: Outlook, note: str) -> Iterator[str]:
    yield "Latent count, point in time, without treatment; years after the last count"
    rows = [_row(AVERAGED, 1.0, results.forecast.averaged)]
    rows += [
        _row(h.name, h.weight, results.forecast.by_hypothesis[h.name]) for h in results.hypotheses
    ]
    points = _after_last_count(results.forecast.averaged)
    limits = sorted(points[0].p_below)
    heads = [f"<{limit} at {p.years:g} y" for p in points for limit in limits]
    yield from table_lines(("hypothesis", "weight", *heads), rows)
    yield from wrap(note, WIDTH)
    yield from _next_count(results.next_count)
    yield from (f"  ({letter}) {QUESTIONS[letter][0]}" for letter in VALUED)
    yield ""
    yield NOT_A_DEVICE


def _row(name: str, weight: float, points: Sequence[ForecastPoint]) -> tuple[str, ...]:
    values = [
        f"{p.p_below[limit]:.2f}" for p in _after_last_count(points) for limit in sorted(p.p_below)
    ]
    return (name, f"{weight:.3f}", *values)


def _after_last_count(points: Sequence[ForecastPoint]) -> list[ForecastPoint]:
    return [p for p in points if p.origin == "last-count"]


def quote_lines(found: Sequence[Quote]) -> tuple[str, ...]:
    """Return each sentence with whether it may be quoted, and if not, why."""
    return tuple(
        f"May be quoted: “{quote.sentence}”"
        if quote.may
        else f"May not be quoted: “{quote.sentence}” {quote.why}"
        for quote in found
    )
