"""What the treatment did: attribution by scenario, by hypothesis and averaged."""

from typing import Final

from lymphocast.forecast.results import Attribution, Results, ScenarioOutcome
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
    quotable_sentence,
    refused_sentence,
    rise_sentence,
    scenario_sentence,
)
from lymphocast.report.wording import (
    SCENARIO_WORDS,
    capital,
    count_interval,
    listed,
    short_probability,
    weight,
)

FACTUAL: Final = "factual"


def effect_section(results: Results) -> Section:
    """Return what IL-2 and clarithromycin did in the model, and what may be said of it."""
    averaged = results.attribution.averaged
    return Section(
        "effect",
        "What the treatment did",
        (
            Paragraph(rise_sentence(averaged, results.observed)),
            Paragraph(cause_sentence(results)),
            rise_table(results),
            Paragraph(quotable_sentence(results), Tone.QUOTABLE, "May be quoted."),
            Paragraph(refused_sentence(results), Tone.REFUSED, "May not be quoted."),
            Subheading("The same patient treated otherwise"),
            *scenario_paragraphs(averaged),
            scenario_table(results),
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
    """Return a sentence for each course of treatment that did not happen."""
    factual = next((s for s in averaged.scenarios if s.scenario == FACTUAL), None)
    if factual is None:
        return ()
    return tuple(
        Paragraph(scenario_sentence(factual, other))
        for other in averaged.scenarios
        if other.scenario != FACTUAL
    )


def scenario_table(results: Results) -> Table:
    """Return every scenario, averaged and under each hypothesis."""
    rows: list[Row] = []
    for outcome in results.attribution.averaged.scenarios:
        rows.append(Row((capital(listed(SCENARIO_WORDS, outcome.scenario)),), Mark.GROUP))
        rows.append(_outcome("Averaged", "1", outcome, Mark.AVERAGED))
        for h in results.hypotheses:
            outcomes = results.attribution.by_hypothesis[h.name].scenarios
            rows.extend(
                _outcome(h.label, weight(h.weight), other, Mark.PLAIN)
                for other in outcomes
                if other.scenario == outcome.scenario
            )
    return Table(
        "Courses of treatment, real and otherwise, with the same draws",
        (
            Column("Hypothesis", 2.9),
            Column("Posterior weight", 1, numeric=True),
            Column("At the second count", 1.7, numeric=True),
            Column("When IL-2 stopped", 1.7, numeric=True),
            Column("At the last count", 1.7, numeric=True),
            Column("Lost at the second count", 1.6, numeric=True),
            Column("P(culture negative)", 1.25, numeric=True),
            Column("P(symptoms resolved)", 1.35, numeric=True),
        ),
        tuple(rows),
        "Latent counts in cells/µL, median (90 % interval). “Lost” is as treated minus this "
        "course, paired by draw. Probabilities are those of one negative culture and of symptoms "
        "below the level read as resolved, on the recorded days.",
    )


def _outcome(label: str, share: str, outcome: ScenarioOutcome, mark: Mark) -> Row:
    cells = (
        label,
        share,
        count_interval(outcome.count_at_second),
        count_interval(outcome.count_at_stop),
        count_interval(outcome.count_at_last),
        "–" if outcome.scenario == FACTUAL else count_interval(outcome.lost_at_second),
        short_probability(outcome.p_culture_negative),
        short_probability(outcome.p_symptoms_resolved),
    )
    return Row(cells, mark)
