"""What the treatment did: attribution by scenario, by hypothesis and averaged."""

from collections.abc import Callable

from lymphocast.forecast.results import Attribution, Results
from lymphocast.record.patient import PatientRecord
from lymphocast.report.blocks import (
    Column,
    Mark,
    Paragraph,
    Row,
    Section,
    Subheading,
    Table,
    Tone,
)
from lymphocast.report.claims import (
    cause_sentence,
    outcome_sentence,
    quotable_sentence,
    refused_sentence,
    rise_sentence,
    scenario_sentence,
)
from lymphocast.report.construction import antibiotic_note
from lymphocast.report.wording import (
    FACTUAL,
    SCENARIO_WORDS,
    WITHOUT_IL2,
    capital,
    count_interval,
    listed,
    short_probability,
    weight,
)

NO_OUTCOME = (
    "The record has neither a culture nor resolved symptoms, so there is no day on which to "
    "compare them."
)


def effect_section(record: PatientRecord, results: Results) -> Section:
    """Return what the drugs did in the model, and what may be said of it."""
    averaged = results.attribution.averaged
    return Section(
        "effect",
        "What the treatment did",
        (
            Paragraph(rise_sentence(results)),
            Paragraph(cause_sentence(results)),
            rise_table(results),
            Paragraph(quotable_sentence(results), Tone.QUOTABLE, "May be quoted."),
            Paragraph(refused_sentence(results), Tone.REFUSED, "May not be quoted."),
            Subheading("The same patient treated otherwise"),
            *scenario_paragraphs(averaged),
            Paragraph(antibiotic_note(record), lead="By construction."),
            count_table(results),
            *_outcome_tables(results),
        ),
    )


def rise_table(results: Results) -> Table:
    """Return the rise between the first two counts and IL-2's share of it."""
    return Table(
        "The rise from the first to the second count, and what IL-2 had added by then",
        (
            Column("Hypothesis", 4),
            Column("Posterior weight", 1.2, numeric=True),
            Column("Latent rise (90 % interval)", 2.2, numeric=True),
            Column("Added by IL-2 (90 % interval)", 2.2, numeric=True),
            Column("P(IL-2 made more than half)", 1.5, numeric=True),
        ),
        (
            _rise("Averaged", "1", results.attribution.averaged, Mark.AVERAGED),
            *(
                _rise(
                    h.label,
                    weight(h.weight),
                    results.attribution.by_hypothesis[h.name],
                    Mark.PLAIN,
                )
                for h in results.hypotheses
            ),
        ),
        "Latent counts, in cells/µL.",
    )


def _rise(label: str, share: str, attribution: Attribution, mark: Mark) -> Row:
    cells = (
        label,
        share,
        count_interval(attribution.rise),
        count_interval(attribution.il2_gain_at_second),
        short_probability(attribution.p_il2_more_than_half),
    )
    return Row(cells, mark)


def scenario_paragraphs(averaged: Attribution) -> tuple[Paragraph, ...]:
    """Return what other courses of treatment would have made of count, culture and symptoms."""
    by_name = {s.scenario: s for s in averaged.scenarios}
    if not {FACTUAL, WITHOUT_IL2} <= by_name.keys():
        return ()
    outcome = outcome_sentence(averaged.scenarios) or NO_OUTCOME
    return (
        Paragraph(scenario_sentence(by_name[FACTUAL], by_name[WITHOUT_IL2])),
        Paragraph(outcome),
    )


def count_table(results: Results) -> Table:
    """Return the count as treated and without IL-2, averaged and under each hypothesis."""
    times = ("second count", "end of IL-2", "last count")
    return Table(
        "The latent count as treated and without IL-2, with the same draws",
        (
            Column("Hypothesis", 2.7),
            Column("Posterior weight", 1, numeric=True),
            *(
                Column(f"At the {time}, {how}", 1.55, numeric=True)
                for time in times
                for how in ("treated", "without")
            ),
        ),
        _rows(results, _counts),
        "Cells/µL, median (90 % interval). The paired difference is what IL-2 had added, in the "
        "table above.",
    )


def _outcome_tables(results: Results) -> tuple[Table, ...]:
    told = any(s.p_symptoms_resolved is not None for s in results.attribution.averaged.scenarios)
    return (outcome_table(results),) if told else ()


def outcome_table(results: Results) -> Table:
    """Return culture and symptoms under each course of treatment."""
    courses = tuple(
        capital(listed(SCENARIO_WORDS, s.scenario)) for s in results.attribution.averaged.scenarios
    )
    return Table(
        "Probability of a negative culture and of resolved symptoms",
        (
            Column("Hypothesis", 3.6),
            Column("Posterior weight", 1.1, numeric=True),
            *(Column(course, 1.6, numeric=True) for course in courses),
        ),
        _rows(results, _outcomes),
        "One negative culture on the recorded day / symptoms below the level read as resolved.",
    )


Cells = Callable[[Attribution], tuple[str, ...]]


def _rows(results: Results, cells: Cells) -> tuple[Row, ...]:
    found = results.attribution
    return (
        Row(("Averaged", "1", *cells(found.averaged)), Mark.AVERAGED),
        *(
            Row((h.label, weight(h.weight), *cells(found.by_hypothesis[h.name])))
            for h in results.hypotheses
        ),
    )


def _counts(attribution: Attribution) -> tuple[str, ...]:
    by_name = {s.scenario: s for s in attribution.scenarios}
    treated, without = by_name.get(FACTUAL), by_name.get(WITHOUT_IL2)
    return tuple(
        "–" if outcome is None else count_interval(getattr(outcome, time))
        for time in ("count_at_second", "count_at_stop", "count_at_last")
        for outcome in (treated, without)
    )


def _outcomes(attribution: Attribution) -> tuple[str, ...]:
    return tuple(
        f"{_chance(s.p_culture_negative)} / {_chance(s.p_symptoms_resolved)}"
        for s in attribution.scenarios
    )


def _chance(p: float | None) -> str:
    return "–" if p is None else short_probability(p)
