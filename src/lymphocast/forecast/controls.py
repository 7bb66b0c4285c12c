"""Controls: patients for whom the answer is known must not get, or must get, the answer *yes*.

Negative controls: a sham drug that adds nothing, given on the record's own days; the record with
the drug moved a year later than the counts; the record without any dose. Positive control: a
patient made with a strong, fast effect that comes and goes with the drug, counted often.

A *yes* needs a probability above 0.8 in the base analysis and in every row of the sensitivity
table. Where the base analysis already excludes it the table is not run, unless asked for.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from math import exp
from typing import final

import numpy as np

from lymphocast.dataset.individual import CountObservation, DoseSegment, Individual, Moment
from lymphocast.engine.course import latent_count, with_study_days
from lymphocast.forecast.attribution import first_dose
from lymphocast.forecast.controlled import FEWEST_DRAWS, Control, Controls
from lymphocast.forecast.crossing import EXPLANATIONS, PriorPatients, crossed_rates
from lymphocast.forecast.ensemble import ensemble_of
from lymphocast.forecast.results import Answer
from lymphocast.forecast.sensitivity import YES_ABOVE, probabilities, sensitivity_table, verdicts
from lymphocast.inference.fitting import QUICK, refuse_hardly_entered
from lymphocast.inference.hypotheses import HYPOTHESES
from lymphocast.inference.importance import ImportanceSettings, sample_importance
from lymphocast.inference.kernels import kernels_of
from lymphocast.inference.posterior import Fit

CAUSE = "b"
YEAR = 365.25
SHIFTED = "shifted"
NOTHING_LATER = "the record with the drug a year later: no count is that late"
WORKERS = 2  # patients fitted at a time; their random numbers are their own
Progress = Callable[[str, float], None]
# The positive control: a patient with a strong effect, made up. Cells/uL and days.
STRONG = {
    "baseline_count": 120.0,
    "gain": 600.0,
    "gain_half_life": 60.0,
    "half_effect_dose": 0.5,
    "recovery_delay": 1e6,
    "recovery_time": 120.0,
    "normal_count": 500.0,
    "dip_depth": 0.8,
    "dip_time": 60.0,
    "resistance_time": 1e6,
}
ERROR = 0.16  # SD of ln(count), the prior's median (Raboud 1995)
AFTER_START = (-20.0, 60.0, 180.0)  # days of its counts
AFTER_STOP = (-20.0, 90.0, 180.0, 365.0)


@final
@dataclass(frozen=True)
class Effort:
    """How many shams of each natural course, and how many patients and draws are crossed.

    ``sampling`` is the effort of every fit of a patient whose answer is known.
    """

    shams: int
    patients: int
    draws: int
    every_table: bool
    sampling: ImportanceSettings = QUICK


QUICK_LOOK = Effort(shams=1, patients=20, draws=40_000, every_table=False)
FULL = Effort(shams=3, patients=250, draws=100_000, every_table=True)


def run_controls(fit: Fit, effort: Effort, progress: Progress | None = None) -> Controls:
    """Return every control of one record.

    Parameters
    ----------
    fit
        Record, individual, priors and seed; its draws are not read.
    effort
        How much to compute.
    progress
        Called with a stage's name and the fraction of it that is done.

    Raises
    ------
    UsageError
        If hardly any prior draw satisfies the record's entry rule.
    """

    def tell(stage: str, fraction: float) -> None:
        if progress is not None:
            progress(stage, fraction)

    kernels = kernels_of(fit.individual, fit.table)
    refuse_hardly_entered(kernels, kernels.everything(), fit.seed)
    rows = known_answers(fit, effort, progress)
    rates = crossed_rates(
        kernels,
        fit.weights,
        effort.patients,
        effort.draws,
        fit.seed,
        lambda fraction: tell("simulating from each explanation, fitting all", fraction),
    )
    return Controls(
        record_id=fit.record.id,
        record_sha256=fit.record.sha256,
        seed=fit.seed,
        full=effort.every_table,
        rows=rows,
        rates=rates,
        prior_il2=fit.weights.il2,
        mean_p_il2=sum(r.prior * r.mean_p_il2 for r in rates),
        left_out=() if any(row.name == SHIFTED for row in rows) else (NOTHING_LATER,),
        passed=all(row.passed for row in rows),
    )


def known_answers(
    fit: Fit, effort: Effort, progress: Progress | None = None
) -> tuple[Control, ...]:
    """Return the controls whose answer is known, without the crossed simulation."""
    patients = [_positive(fit), *negatives(fit, effort)]  # the one that takes longest first
    rows = []
    with ThreadPoolExecutor(WORKERS) as pool:
        for row in pool.map(lambda patient: _judged(fit, patient, effort), patients):
            rows.append(row)
            if progress is not None:
                progress("fitting patients whose answer is known", len(rows) / len(patients))
    return (*rows[1:], rows[0])


@final
@dataclass(frozen=True)
class Patient:
    """A patient whose answer is known: a record's plan with other counts or doses."""

    name: str
    label: str
    individual: Individual
    positive: bool = False


def negatives(fit: Fit, effort: Effort) -> list[Patient]:
    """Return the negative controls that a record allows."""
    individual = fit.individual
    kernels = kernels_of(individual, fit.table)
    rng = np.random.default_rng([fit.seed, 15])
    shams = PriorPatients.drawn(kernels, fit.weights, effort.shams, rng)
    seen = np.exp(shams.counted(rng))
    found = []
    for i, hypothesis in enumerate(EXPLANATIONS):
        for k in range(effort.shams if not hypothesis.il2 else 0):
            values = seen[:, i * effort.shams + k]
            number = f"-{k + 1}" if effort.shams > 1 else ""
            name = f"sham-{hypothesis.course.value}{number}"
            label = f"sham drug on the record's days; {hypothesis.course.value} count"
            found.append(Patient(name, label, _counted(individual, values)))
    later = _with_doses(individual, _a_year_later)
    without = _with_doses(individual, lambda d: replace(d, level=0.0, final_level=0.0))
    if any(later.nominal(c.at) > first_dose(later) for c in later.counts):
        found.append(Patient(SHIFTED, "the record with the drug a year later", later))
    found.append(Patient("dose-free", "the record without any dose of the drug", without))
    return found


def _counted(individual: Individual, values: np.ndarray) -> Individual:
    counts = zip(individual.counts, values.tolist(), strict=True)
    return replace(individual, counts=tuple(c.reported(v) for c, v in counts))


def _with_doses(individual: Individual, change: Callable[[DoseSegment], DoseSegment]) -> Individual:
    """The individual with the study drug's doses changed; counts and infection stay."""
    drug = individual.plan.study_drug
    doses = tuple(change(d) if d.drug == drug else d for d in individual.plan.doses)
    return replace(individual, plan=replace(individual.plan, doses=doses))


def _a_year_later(segment: DoseSegment) -> DoseSegment:
    return replace(segment, start=_moved(segment.start), stop=_moved(segment.stop))


def _moved(moment: Moment) -> Moment:
    return Moment(moment.anchor, moment.offset + YEAR, moment.early + YEAR, moment.late + YEAR)


def _positive(fit: Fit) -> Patient:
    """A patient with a strong effect: the record's doses, entry and infection; other counts."""
    individual = fit.individual
    stretches = individual.plan.stretches(individual.plan.study_drug)
    start, stop = first_dose(individual), individual.nominal(stretches[-1].stop)
    days = [start + d for d in AFTER_START if start + d < stop]
    days += [stop + d for d in AFTER_STOP if stop + d > start]
    entry = individual.nominal(individual.entry.moment)
    days = sorted(d for d in set(days) if d > entry)
    anchors = {f"when.{a.name}": individual.nominal_anchor(a.name) for a in individual.anchors}
    numbers = {**STRONG, **anchors, **EXPLANATIONS[0].switches}
    one = {name: np.array([value]) for name, value in numbers.items()}
    theta = with_study_days(individual.plan, one)
    points = np.array([entry, *days])[:, None]
    latent = np.asarray(latent_count(individual.plan, theta, points))[:, 0]
    white = np.random.default_rng([fit.seed, 16]).standard_normal(len(latent))
    counts = [
        CountObservation(f"made-{i}", Moment.fixed(day), y * exp(ERROR * w))
        for i, (day, y, w) in enumerate(zip((entry, *days), latent, white, strict=True))
    ]
    counts[0] = replace(counts[0], at=individual.entry.moment)
    made = replace(individual, counts=tuple(counts))
    return Patient("strong", "a made patient with a strong, fast effect", made, positive=True)


def _judged(fit: Fit, patient: Patient, effort: Effort) -> Control:
    kernels = kernels_of(patient.individual, fit.table)
    posteriors = sample_importance(kernels, kernels.everything(), fit.seed, effort.sampling)
    # Other readings of the record's times do not belong to a patient who is made up.
    record = replace(fit.record, timelines=())
    found = replace(fit, record=record, individual=patient.individual, posteriors=posteriors)
    base = probabilities(ensemble_of(found))[CAUSE]
    low, high, answer = base, base, None
    if effort.every_table or base > YES_ABOVE:
        table = sensitivity_table(found, kernels, sampling=effort.sampling)
        verdict = next(v for v in verdicts(table) if v.id == CAUSE)
        low, high, answer = verdict.lowest, verdict.highest, verdict.answer
    yes, enough = answer is Answer.YES, found.ess_min >= FEWEST_DRAWS
    return Control(
        name=patient.name,
        label=patient.label,
        positive=patient.positive,
        probability=base,
        p_il2=sum(found.posterior_weights[h.name] for h in HYPOTHESES if h.il2),
        lowest=low,
        highest=high,
        answer="not yes" if answer is None else answer.value,
        ess=found.ess_min,
        passed=enough and yes == patient.positive,
    )
