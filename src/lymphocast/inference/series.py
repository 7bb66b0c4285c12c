"""A series of patients: one effect size and one recovery rate behind all of them.

Each patient is fitted alone first; here the fits are joined. Between patients

    ln gain_i ~ Normal(ln m, w^2)          m the effect size of the series, w its spread
    recovery_delay_i ~ Exponential(mean r)  r the mean time to the onset of recovery

Whether interleukin-2 adds cells (H1) is a property of the drug: it holds in all patients or in
none. The natural course and H3 remain each patient's own.

A fit holds draws under the wide priors of one patient, so that no likelihood is computed again.
With these draws the probability of a patient's data at (m, w, r) is

    P(y_i | m, w, r) = sum_h p_h Z_ih E[p(gain | m, w) p(delay | r) / wide priors] / entry_i(r)

where Z_ih is the evidence under the wide priors, the expectation is over the posterior draws of
hypothesis h, and entry_i(r) is how much likelier the entry rule holds under r than under the wide
prior. Beyond the patient's last observation the likelihood does not depend on the delay, so there
the ratio of densities is replaced by its mean, the ratio of the survival probabilities: exact, and
the weights stay bounded. The three shared numbers are integrated on a grid
(:mod:`lymphocast.inference.series_grid`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import log
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from lymphocast.dataset.individual import Individual
from lymphocast.errors import UsageError
from lymphocast.inference.evidence import effective_size
from lymphocast.inference.hypotheses import Course, Hypothesis
from lymphocast.inference.posterior import Fit
from lymphocast.inference.series_grid import (
    EFFECT_POINTS,
    RECOVERY_POINTS,
    SPREADS,
    Grid,
    SharedNumber,
    Wide,
)
from lymphocast.inference.series_member import Member, Strand, member_of, refuse_member
from lymphocast.models.prior_table import Family, PriorTable, Weights

Floats = NDArray[np.float64]
BLOCK = 4_096  # draws whose ratios are in memory at a time
FEWEST_EFFECTIVE = 100.0  # draws behind a patient's gain: error of a probability below 0.05


@final
@dataclass(frozen=True)
class PatientGain:
    """One patient's gain under H1 in the light of the series: its quantiles, in cells/uL.

    ``ess`` is the effective number of the draws behind them, ``weights`` the probability of each of
    the patient's own hypotheses, by name.
    """

    id: str
    q05: float
    q50: float
    q95: float
    ess: float
    weights: Mapping[str, float]


@final
@dataclass(frozen=True)
class SeriesPosterior:
    """What a series says.

    Parameters
    ----------
    effect, spread
        Median gain in cells/uL and the SD of ln(gain) between patients, under H1.
    recovery_mean
        Mean time to the onset of recovery in days, over both sides of H1.
    prior_il2, il2
        Prior and posterior probability of H1, which all patients share.
    log_evidence
        ln probability of all data under H1 and without it.
    patients
        Each patient's own gain.
    """

    effect: SharedNumber
    spread: SharedNumber
    recovery_mean: SharedNumber
    prior_il2: float
    il2: float
    log_evidence: tuple[float, float]
    patients: tuple[PatientGain, ...]

    @property
    def thin(self) -> tuple[str, ...]:
        """Patients of whom too few draws are left to read their gain."""
        return tuple(p.id for p in self.patients if p.ess < FEWEST_EFFECTIVE)


def fit_series(fits: Sequence[Fit], seed: int) -> SeriesPosterior:
    """Join the fits of several patients.

    Raises
    ------
    UsageError
        If there is no fit, a patient occurs twice or cannot be joined, or the priors differ or are
        of another family.
    """
    if not fits:
        message = "series: found no fit; needed at least one"
        raise UsageError(message)
    refuse_unjoined([f.individual for f in fits], fits[0].table)
    if other := [f.record.id for f in fits if f.table.sha256 != fits[0].table.sha256]:
        message = (
            f"series: found other priors in the fit of '{other[0]}' than in that of "
            f"'{fits[0].record.id}'; needed one prior file for all"
        )
        raise UsageError(message)
    members = [member_of(f, seed) for f in fits]
    return series_posterior(members, _wide(fits[0].table), fits[0].weights)


def refuse_unjoined(individuals: Sequence[Individual], table: PriorTable) -> None:
    """Refuse patients who cannot be joined, which needs no fit of them.

    Raises
    ------
    UsageError
        If a patient occurs twice, has no observation, or may have entered after the first dose; if
        the priors of gain and recovery delay are of another family.
    """
    names = [individual.id for individual in individuals]
    if twice := [name for name in names if names.count(name) > 1]:
        message = f"series: found the patient '{twice[0]}' twice; needed each patient once"
        raise UsageError(message)
    _wide(table)
    for individual in individuals:
        refuse_member(individual)


def _wide(table: PriorTable) -> Wide:
    gain, delay = table.row("gain"), table.row("recovery_delay")
    plain = gain.lower <= 0.0 and np.isinf(gain.upper) and delay.lower <= 0.0
    families = (gain.family, delay.family) == (Family.LOGNORMAL, Family.EXPONENTIAL)
    if not (families and plain and np.isinf(delay.upper)):
        message = (
            f"series: found the priors gain {gain.describe()} and recovery_delay "
            f"{delay.describe()}; needed a log-normal and an exponential one without limits"
        )
        raise UsageError(message)
    return Wide(gain.location, gain.scale, delay.location)


def series_posterior(members: Sequence[Member], wide: Wide, weights: Weights) -> SeriesPosterior:
    """Return what the members say together.

    Parameters
    ----------
    members
        The patients.
    wide
        The priors under which each of them was fitted.
    weights
        Prior probabilities of H1 (of the series) and of course and H3 (of each patient).
    """
    grid = Grid(wide)
    cells, points = grid.log_prior()
    prior = cells[:, None] + points[None, :]
    sides, terms = [], []
    for il2 in (True, False):
        terms.append([_terms(m, grid, weights, il2=il2) for m in members])
        each = [_over_hypotheses(own) for own in terms[-1]]
        sides.append((prior + np.sum(each, axis=0), each))
    evidence = (float(logsumexp(sides[0][0])), float(logsumexp(sides[1][0])))
    with np.errstate(divide="ignore"):
        odds = np.log([weights.il2, 1.0 - weights.il2]) + evidence
    chance = float(np.exp(odds[0] - logsumexp(odds)))
    with_il2, without = (np.exp(joint - logsumexp(joint)) for joint, _ in sides)
    log_posterior = sides[0][0] - evidence[0]
    by_cell = with_il2.sum(axis=1).reshape(EFFECT_POINTS, len(SPREADS))
    recovery = chance * with_il2.sum(axis=0) + (1.0 - chance) * without.sum(axis=0)
    return SeriesPosterior(
        effect=SharedNumber(np.exp(grid.effect), by_cell.sum(axis=1)),
        spread=SharedNumber(grid.spread, by_cell.sum(axis=0)),
        recovery_mean=SharedNumber(grid.recovery, recovery),
        prior_il2=weights.il2,
        il2=chance,
        log_evidence=evidence,
        patients=tuple(
            _own_gain(
                member,
                grid,
                weights,
                log_posterior - sides[0][1][i],
                {
                    **_own_weights(terms[0][i], with_il2 * chance),
                    **_own_weights(terms[1][i], without * (1.0 - chance)),
                },
            )
            for i, member in enumerate(members)
        ),
    )


def log_likelihood(member: Member, grid: Grid, weights: Weights, *, il2: bool) -> Floats:
    """Return the log probability of one patient's data on one side of H1, ``[cell, point]``."""
    return _over_hypotheses(_terms(member, grid, weights, il2=il2))


def _terms(
    member: Member, grid: Grid, weights: Weights, *, il2: bool
) -> Mapping[Hypothesis, Floats]:
    """The same of each of the patient's hypotheses on that side."""
    return {
        s.hypothesis: _log_share(s, weights)
        + _log_ratio(s, member, grid)
        - _log_entry(s, member, grid)
        for s in member.strands
        if s.hypothesis.il2 is il2
    }


def _over_hypotheses(terms: Mapping[Hypothesis, Floats]) -> Floats:
    return np.asarray(logsumexp(np.stack(list(terms.values())), axis=0))


def _own_weights(terms: Mapping[Hypothesis, Floats], joint: Floats) -> dict[str, float]:
    """Probability of each hypothesis of a patient, given that of each cell and point."""
    total = _over_hypotheses(terms)
    return {h.name: float((joint * np.exp(own - total)).sum()) for h, own in terms.items()}


def _log_share(strand: Strand, weights: Weights) -> float:
    """Log of prior probability, given H1 or its absence, times wide evidence."""
    side = replace(weights, il2=float(strand.hypothesis.il2))
    with np.errstate(divide="ignore"):
        return float(np.log(strand.hypothesis.prior(side))) + strand.log_evidence


def _log_ratio(strand: Strand, member: Member, grid: Grid) -> Floats:
    """Log mean of the ratio of priors over the draws of a hypothesis, ``[cell, point]``.

    Far from every draw it is the smallest number there is: the cell is out of the question.
    """
    total = np.zeros((EFFECT_POINTS * len(SPREADS), RECOVERY_POINTS))
    for part in _parts(strand):
        gains, delays = _ratios(strand, member, grid, part)
        total += gains @ delays.T
    return np.asarray(np.log(np.maximum(total / len(strand.gain), np.finfo(np.float64).tiny)))


def _parts(strand: Strand) -> list[slice]:
    """Stretches of the draws, so that memory does not grow with their number."""
    return [slice(i, i + BLOCK) for i in range(0, len(strand.gain), BLOCK)]


def _ratios(strand: Strand, member: Member, grid: Grid, part: slice) -> tuple[Floats, Floats]:
    """Both ratios by draw; 1 for a number that the hypothesis does not use."""
    gain, delay = strand.gain[part], strand.delay[part]
    gains = np.ones((EFFECT_POINTS * len(SPREADS), len(gain)))
    delays = np.ones((RECOVERY_POINTS, len(delay)))
    if strand.hypothesis.il2:
        gains = grid.gain_ratio(gain)
    if strand.hypothesis.course is Course.RECOVERY:
        delays = grid.delay_ratio(delay, member.horizon)
    return gains, delays


def _log_entry(strand: Strand, member: Member, grid: Grid) -> Floats:
    """Log of how much likelier the entry rule holds at each r than under the wide prior."""
    if strand.hypothesis.course is not Course.RECOVERY:
        return np.zeros(RECOVERY_POINTS)
    ratio = grid.delay_ratio(member.missed, member.horizon)
    broken = ratio.sum(axis=1) / member.tried
    wide = 1.0 - len(member.missed) / member.tried
    return np.asarray(np.log1p(-broken) - log(wide))


def _own_gain(
    member: Member, grid: Grid, weights: Weights, log_rest: Floats, own_weights: Mapping[str, float]
) -> PatientGain:
    """One patient's gain; ``log_rest`` is the posterior of the grid over the own likelihood."""
    gains, masses = [], []
    for strand in member.strands:
        if not strand.hypothesis.il2:
            continue
        share = np.exp(log_rest + _log_share(strand, weights) - _log_entry(strand, member, grid))
        for part in _parts(strand):
            by_cell, by_point = _ratios(strand, member, grid, part)
            masses.append((by_cell * (share @ by_point)).sum(axis=0) / len(strand.gain))
            gains.append(strand.gain[part])
    gain, mass = np.concatenate(gains), np.concatenate(masses)
    order = np.argsort(gain)
    own = SharedNumber(gain[order], mass[order] / mass.sum())
    with np.errstate(divide="ignore"):
        ess = effective_size(np.log(mass))
    low, middle, high = (own.quantile(q) for q in (0.05, 0.5, 0.95))
    return PatientGain(member.id, low, middle, high, ess, own_weights)
