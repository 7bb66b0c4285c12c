"""Attribution: the same patient and the same draws without IL-2, without clarithromycin, or both.

The rise is the latent count at the first count under treatment minus that at the entry count.
IL-2 made more than half of it where the cells it adds exceed half of the rise. Cultures and
symptoms follow the burden, which IL-2 can change only under H3; where the record has neither,
nothing is said of them, and no course without the antibiotic can be told from the others.
"""

import numpy as np
from numpy.typing import NDArray

from lymphocast.dataset.individual import CountObservation, Individual, Moment
from lymphocast.engine.course import FACTUAL, Treatment, infection_outcomes
from lymphocast.forecast.ensemble import Conditions, Ensemble, Part, by_hypothesis
from lymphocast.forecast.results import Attribution, ByHypothesis, ScenarioOutcome
from lymphocast.inference.error_model import culture_negative
from lymphocast.models.prior_table import PriorTable
from lymphocast.record.events import SymptomGrade

Floats = NDArray[np.float64]
HALF = 0.5
INFECTION_DRAWS = 1000  # draws of each hypothesis for burden and symptoms: error below 0.016

SCENARIOS = (
    ("factual", FACTUAL),
    ("without-il2", Treatment(study_drug=0.0)),
    ("without-clarithromycin", Treatment(antibiotic=0.0)),
    ("without-both", Treatment(0.0, 0.0)),
)


def scenarios_of(individual: Individual) -> tuple[tuple[str, Treatment], ...]:
    """Return the courses that a record lets the model tell apart, by name."""
    if individual.plan.antibiotic is not None and individual.tells_of_infection:
        return SCENARIOS
    return tuple(s for s in SCENARIOS if s[1].antibiotic == FACTUAL.antibiotic)


def treatment_stop(individual: Individual) -> Moment:
    """When the study drug was last given."""
    return individual.plan.stretches(individual.plan.study_drug)[-1].stop


def first_dose(individual: Individual) -> float:
    """The study day on which the study drug was nominally first given."""
    return individual.nominal(individual.plan.stretches(individual.plan.study_drug)[0].start)


def second_count(individual: Individual) -> CountObservation:
    """The first count after the study drug was started, and after the entry count."""
    begin = max(first_dose(individual), individual.nominal(individual.entry.moment))
    later = [c for c in individual.counts if individual.nominal(c.at) > begin]
    return min(later, key=lambda c: individual.nominal(c.at))


def rise_between(individual: Individual) -> tuple[str, str]:
    """Names of the entry count and the second count."""
    entry = next(c for c in individual.counts if c.at == individual.entry.moment)
    return entry.id, second_count(individual).id


def key_days(ensemble: Ensemble) -> Floats:
    """Days of the entry count, the second count, the stop and the last count, ``[4, lane]``."""
    individual = ensemble.individual
    moments = (
        individual.entry.moment,
        second_count(individual).at,
        treatment_stop(individual),
        individual.counts[-1].at,
    )
    return np.stack([ensemble.day(m) for m in moments])


def il2_more_than_half(rise: Floats, added: Floats) -> Conditions:
    """Return where the added cells exceed half of a positive rise."""
    return (rise > 0.0) & (added > HALF * rise)


def attribute(ensemble: Ensemble, table: PriorTable) -> ByHypothesis[Attribution]:
    """Return what each drug did, under each hypothesis and averaged."""
    days = key_days(ensemble)
    added = ensemble.added(days)[1]
    scenarios = scenarios_of(ensemble.individual)
    counts = {name: ensemble.count(days, treatment) for name, treatment in scenarios}
    factual = counts["factual"]
    rise = factual[1] - factual[0]
    more = il2_more_than_half(rise, added)
    thin = ensemble.thinned(min(INFECTION_DRAWS, ensemble.size))
    negative, resolved = _infection_outcomes(thin, table)

    def summarise(part: Part, thin_part: Part) -> Attribution:
        return Attribution(
            rise=part.interval(rise),
            il2_gain_at_second=part.interval(added),
            p_il2_more_than_half=part.probability(more),
            scenarios=tuple(
                ScenarioOutcome(
                    scenario=name,
                    count_at_second=part.interval(counts[name][1]),
                    count_at_stop=part.interval(counts[name][2]),
                    count_at_last=part.interval(counts[name][3]),
                    lost_at_second=part.interval(factual[1] - counts[name][1]),
                    p_culture_negative=thin_part.mean(negative[name]) if negative else None,
                    p_symptoms_resolved=(
                        thin_part.probability(resolved[name]) if resolved else None
                    ),
                )
                for name, _ in scenarios
            ),
        )

    return by_hypothesis(
        {name: summarise(part, thin.parts[name]) for name, part in ensemble.parts.items()}
    )


def recorded_days(individual: Individual) -> tuple[float | None, float | None]:
    """Return the days of the first culture and of the first resolved symptoms.

    Without resolved symptoms the second is that of the culture; without a culture ``None``.
    """
    culture = individual.cultures[0].day if individual.cultures else None
    resolved = [s.day for s in individual.symptoms if s.grade is SymptomGrade.RESOLVED]
    return culture, resolved[0] if resolved else culture


def _infection_outcomes(
    ensemble: Ensemble, table: PriorTable
) -> tuple[dict[str, Floats], dict[str, Conditions]]:
    """P(one culture negative) and whether symptoms have resolved, by scenario, ``[lane]``.

    Each is empty where the record has no day for it.
    """
    individual = ensemble.individual
    days, level = individual.infection_days, table.constant("resolved_threshold")
    culture, symptom = recorded_days(individual)
    negative: dict[str, Floats] = {}
    resolved: dict[str, Conditions] = {}
    for name, treatment in scenarios_of(individual) if symptom is not None else ():
        burden, severity = infection_outcomes(individual.plan, ensemble.theta, days, treatment)
        resolved[name] = severity[days.index(symptom)] < level
        if culture is not None:
            negative[name] = culture_negative(burden[days.index(culture)], table)
    return negative, resolved
