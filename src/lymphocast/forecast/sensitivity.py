"""The sensitivity table and the verdicts: which answers stay when an assumption changes.

Each row changes one assumption and fits again. A question is decided if its probability stays
above 0.8 (*yes*) or below 0.2 (*no*) over the whole table, the base analysis included; otherwise
it is undecided (design rule). It is undecided too if a row has too few effective draws to be read.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import final

import numpy as np

from lymphocast.forecast.attribution import il2_more_than_half, key_days
from lymphocast.forecast.checks import applies
from lymphocast.forecast.controlled import FEWEST_DRAWS
from lymphocast.forecast.ensemble import Ensemble, ensemble_of
from lymphocast.forecast.results import Answer, SensitivityRow, Verdict
from lymphocast.forecast.scenario import falls_below
from lymphocast.forecast.statements import STATEMENTS, statement_probabilities
from lymphocast.inference.density import CourseDensity
from lymphocast.inference.evidence import HypothesisPosterior
from lymphocast.inference.fitting import QUICK
from lymphocast.inference.hypotheses import HYPOTHESES
from lymphocast.inference.importance import (
    ImportanceSettings,
    Progress,
    sample_importance,
)
from lymphocast.inference.kernels import Kernels, kernels_of
from lymphocast.inference.posterior import Fit
from lymphocast.inference.redistribution import individual_of
from lymphocast.models.prior_file import with_rows
from lymphocast.units import DAYS_PER_MONTH

YES_ABOVE, NO_BELOW = 0.8, 0.2
GAIN_FACTORS = (0.5, 2.0)
RECOVERY_MONTHS = (12.0, 24.0)
NORMAL_COUNT = 700.0  # cells/uL: nearer the middle of adult reference ranges; an assumption
SD_GRID = (0.12, 0.16, 0.20, 0.25)
CHANGED_DRAWS = 500  # that plans are followed in if changed: error of a probability below 0.023
POINT_SCALE = 1e-6  # a prior this narrow is a fixed value
FALL_LIMIT, FALL_YEARS = 300.0, 1.0

QUESTIONS = {
    "a": (
        "Did something raise the CD4 count?",
        "The latent count was higher at the first count under treatment than at the entry count.",
    ),
    "b": (
        "Did IL-2 make more than half of the rise?",
        "The cells that IL-2 adds exceed half of the latent rise from the entry count to the "
        "first count under treatment.",
    ),
    "c": (
        "Does the count fall below 300 within a year of the last one?",
        "The latent count, untreated, passes below 300 cells/uL at least once within 365.25 days "
        "of the last count (first passage).",
    ),
    "d": (
        "Did IL-2 hasten culture conversion?",
        "IL-2 adds cells (H1) and a higher count hastens clearance (H3): both hold.",
    ),
}


@final
@dataclass(frozen=True)
class Change:
    """One row of the table: a name, a label and the fit that it leads to."""

    name: str
    label: str
    refit: Callable[[Fit, Kernels], Fit]


@final
@dataclass(frozen=True)
class ChangedFit:
    """The fit of one row of the table."""

    name: str
    label: str
    fit: Fit


def probabilities(ensemble: Ensemble) -> dict[str, float]:
    """Return the probability of each question's statement, by its letter.

    (d) is left out where the record has no culture or symptom: no fact can speak to it.
    """
    days = key_days(ensemble)
    counts, added = ensemble.count(days), ensemble.added(days)[1]
    rise = counts[1] - counts[0]
    both = np.array([h.il2 and h.clearance for h in ensemble.hypotheses], dtype=float)
    whole, told = ensemble.whole, ensemble.individual.tells_of_infection
    found = {
        "a": whole.probability(rise > 0.0),
        "b": whole.probability(il2_more_than_half(rise, added)),
        "c": whole.probability(falls_below(ensemble, FALL_LIMIT, FALL_YEARS)),
    }
    return {**found, "d": float(both @ ensemble.shares)} if told else found


def sensitivity_table(
    fit: Fit,
    kernels: Kernels,
    progress: Progress | None = None,
    sampling: ImportanceSettings = QUICK,
) -> tuple[SensitivityRow, ...]:
    """Return the base analysis and every changed one, fitted with this effort."""
    fits = changed_fits(fit, kernels, progress, sampling)
    return tuple(_row(x.name, x.label, x.fit) for x in fits)


def changed_fits(
    fit: Fit,
    kernels: Kernels,
    progress: Progress | None = None,
    sampling: ImportanceSettings = QUICK,
) -> Iterator[ChangedFit]:
    """Yield the base analysis, then the fit of every changed one."""
    yield ChangedFit("base", "base analysis", fit)
    changes = _changes(fit, sampling)
    for i, change in enumerate(changes):
        yield ChangedFit(change.name, change.label, change.refit(fit, kernels))
        if progress is not None:
            progress("changing assumptions", (i + 1) / len(changes))


def _row(name: str, label: str, fit: Fit) -> SensitivityRow:
    p_il2 = sum(
        fit.posterior_weights[p.hypothesis.name] for p in fit.posteriors if p.hypothesis.il2
    )
    ensemble = ensemble_of(fit)
    statements = statement_probabilities(ensemble, fit.table)
    return SensitivityRow(name, label, probabilities(ensemble), p_il2, statements, fit.ess_kept)


def verdicts(rows: Sequence[SensitivityRow]) -> tuple[Verdict, ...]:
    """Return the answer to each question by the stated rule; the first row is the base."""
    return answered(
        QUESTIONS, [row.probabilities for row in rows], enough=enough_draws(row.ess for row in rows)
    )


def statement_verdicts(rows: Sequence[SensitivityRow]) -> tuple[Verdict, ...]:
    """Return whether each statement on the courses holds, by the same rule."""
    return answered(
        STATEMENTS, [row.statements for row in rows], enough=enough_draws(row.ess for row in rows)
    )


def enough_draws(ess: Iterable[float]) -> bool:
    """Return whether every row rests on draws enough to say on which side of a limit it lies."""
    return all(own >= FEWEST_DRAWS for own in ess)


def answered(
    asked: Mapping[str, tuple[str, str]], rows: Sequence[Mapping[str, float]], *, enough: bool
) -> tuple[Verdict, ...]:
    """Return the answer to each question, by its letter, by the stated rule."""
    found = []
    for letter in (name for name in asked if name in rows[0]):
        question, definition = asked[letter]
        values = [row[letter] for row in rows]
        found.append(
            Verdict(
                id=letter,
                question=question,
                definition=definition,
                probability=values[0],
                lowest=min(values),
                highest=max(values),
                answer=answer(min(values), max(values)) if enough else Answer.UNDECIDED,
            )
        )
    return tuple(found)


def answer(lowest: float, highest: float) -> Answer:
    """Return *yes*, *no* or *undecided* for the range of a probability over the table."""
    if lowest > YES_ABOVE:
        return Answer.YES
    if highest < NO_BELOW:
        return Answer.NO
    return Answer.UNDECIDED


def _changes(fit: Fit, sampling: ImportanceSettings) -> list[Change]:
    changes = [
        _prior(name, label, {parameter: numbers}, sampling)
        for name, label, parameter, numbers in _other_priors(fit.table.row("gain").location)
    ]
    changes += [
        Change(f"weights-{name}", f"{name} prior weights", _weights(name))
        for name in fit.table.presets
        if name != fit.preset
    ]
    drift = partial(_drift, sampling)
    changes.append(Change("drift", "slow drift of the count (SD 0.15, 1 year)", drift))
    changes += [
        Change(f"timeline-{t.id}", f"timeline: {t.label}", _timeline(t.id, sampling))
        for t in fit.record.timelines
    ]
    return changes


def _other_priors(gain: float) -> Iterator[tuple[str, str, str, Mapping[str, float]]]:
    """Yield name and label of each changed prior, its parameter and its other numbers."""
    for f in GAIN_FACTORS:
        yield f"gain-x{f:g}", f"effect prior x {f:g}", "gain", {"location": gain * f}
    for m in RECOVERY_MONTHS:
        label = f"mean time to recovery {m:g} months"
        yield f"recovery-{m:g}-months", label, "recovery_delay", {"location": m * DAYS_PER_MONTH}
    label = f"a count that recovers or lifts tends to {NORMAL_COUNT:g} (prior median)"
    yield f"normal-count-{NORMAL_COUNT:g}", label, "normal_count", {"location": NORMAL_COUNT}
    for sd in SD_GRID:
        label = f"measurement error (SD of ln) fixed at {sd:.2f}"
        point = {"location": sd, "scale": POINT_SCALE, "lower": sd / 2, "upper": 2 * sd}
        yield f"sd-{sd:.2f}", label, "count_sd", point


def _prior(
    name: str,
    label: str,
    numbers: Mapping[str, Mapping[str, float]],
    sampling: ImportanceSettings,
) -> Change:
    """A changed prior: only hypotheses under which the parameter exists are fitted again."""

    def refit(fit: Fit, kernels: Kernels) -> Fit:
        table = with_rows(fit.table, **numbers)
        target = replace(
            kernels.everything(), numbers=CourseDensity(fit.individual, table).numbers()
        )
        touched = [h for h in HYPOTHESES if any(applies(row, h) for row in numbers)]
        fresh = sample_importance(kernels, target, fit.seed, sampling, only=touched)
        found = {p.hypothesis: p for p in (*fit.posteriors, *fresh)}
        together = _equally_many([found[h] for h in HYPOTHESES])
        return replace(fit, table=table, posteriors=together)

    return Change(name, label, refit)


def _equally_many(posteriors: Sequence[HypothesisPosterior]) -> tuple[HypothesisPosterior, ...]:
    """As many draws of each as the one that has fewest."""
    size = min(len(values) for p in posteriors for values in p.draws.values())
    return tuple(
        replace(p, draws={name: values[:size] for name, values in p.draws.items()})
        for p in posteriors
    )


def _weights(name: str) -> Callable[[Fit, Kernels], Fit]:
    def refit(fit: Fit, _: Kernels) -> Fit:
        return replace(fit, preset=name)

    return refit


def _drift(sampling: ImportanceSettings, fit: Fit, _: Kernels) -> Fit:
    other = kernels_of(fit.individual, fit.table, drift=True)
    posteriors = sample_importance(other, other.everything(), fit.seed, sampling)
    return replace(fit, posteriors=posteriors)


def _timeline(name: str, sampling: ImportanceSettings) -> Callable[[Fit, Kernels], Fit]:
    def refit(fit: Fit, _: Kernels) -> Fit:
        individual = individual_of(fit.record, fit.table, name)
        other = kernels_of(individual, fit.table)
        posteriors = sample_importance(other, other.everything(), fit.seed, sampling)
        return replace(fit, individual=individual, posteriors=posteriors)

    return refit
