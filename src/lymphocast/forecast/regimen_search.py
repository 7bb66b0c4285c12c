"""The regimens that best meet a goal: every candidate followed in the same posterior draws.

The race of :mod:`lymphocast.forecast.search` decides; here stand what a candidate is worth in a
draw, the draws, and what the ranking becomes under each explanation and each preset of weights.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
from numpy.typing import NDArray

from lymphocast.dataset.maintenance import Maintenance, maintenance_of
from lymphocast.forecast.course_plan import (
    Followed,
    Horizon,
    follow_plan,
    horizon_of,
    visit_days,
)
from lymphocast.forecast.dose_response import dose_banner
from lymphocast.forecast.ensemble import Ensemble, Part, ensemble_of
from lymphocast.forecast.goal import Goal, GoalLimit, LimitKind, Target
from lymphocast.forecast.plan import Plan
from lymphocast.forecast.plan_forecast import MEAN_WEEKLY, REPLACES, is_extrapolated
from lymphocast.forecast.regimen_results import RegimenRow, RegimenSearch, RegimenTable
from lymphocast.forecast.scenario import PASSAGE_GRID
from lymphocast.forecast.search import (
    ChanceLimit,
    Judged,
    Race,
    Ranking,
    front,
    race,
    rank,
    rank_places,
)
from lymphocast.inference.evidence import systematic
from lymphocast.inference.hypotheses import HYPOTHESES, posterior_weights
from lymphocast.inference.posterior import DEFAULT_PRESET, MATTERS, Fit

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Progress = Callable[[str, float], None]
STRATUM = 400  # draws of each hypothesis for the rankings under explanations and presets
FRACTIONS = (
    "{unknown} of {drug} is not stated, so doses are relative to the patient's own maintenance "
    "dose and cannot be given as amounts."
)
INTERVALS = (
    "The model sees the mean weekly dose: the time between doses changes the number of injections "
    "and the size of one, not the count."
)


def optimise(
    fit: Fit,
    goal: Goal,
    *,
    seed: int | None = None,
    legs: Race | None = None,
    progress: Progress | None = None,
) -> RegimenSearch:
    """Return the regimens of a goal's design space, ranked over the posterior.

    Parameters
    ----------
    fit
        The posterior.
    goal
        Targets, limits, cost and design space, as ``read_goal`` reads them.
    seed
        Seed of the choice of draws, measurement errors and missed doses; the fit's if ``None``.
    legs
        How many draws and candidates the race takes; 100, 20 and 1000 if ``None``.
    progress
        Called with a stage's name and the share that is done.
    """
    maintenance = maintenance_of(fit.record, fit.individual)
    chosen, legs = fit.seed if seed is None else seed, legs or Race()
    plans = list(goal.design.plans())
    beyond = [is_extrapolated(plan, maintenance) for plan in plans]
    ground = _Ground.of(fit, goal, maintenance, chosen, legs.then)
    inside = [plan for plan, out in zip(plans, beyond, strict=True) if not out]
    outside = [plan for plan, out in zip(plans, beyond, strict=True) if out]
    given = _Search(ground, tuple(inside), "regimens within what was given").table(legs, progress)
    extrapolated = None
    if outside:
        search = _Search(ground, tuple(outside), "regimens beyond what was given")
        extrapolated = search.table(legs, progress)
    return RegimenSearch(
        record_id=fit.record.id,
        title=goal.title,
        origin=goal.origin,
        until=goal.until,
        seed=chosen,
        draws=legs.then,
        banners=_banners(fit, maintenance),
        given=given,
        extrapolated=extrapolated,
        notes=tuple(_notes(goal)),
    )


def _banners(fit: Fit, maintenance: Maintenance) -> tuple[str, ...]:
    banners = [dose_banner(fit)]
    if not maintenance.amounts_known:
        unknown = maintenance.unknown
        banners.append(
            FRACTIONS.format(unknown=unknown[0].upper() + unknown[1:], drug=maintenance.drug)
        )
    return tuple(banner for banner in banners if banner)


def _notes(goal: Goal) -> list[str]:
    notes = [REPLACES]
    if len(goal.design.intervals) > 1:
        notes.append(INTERVALS)
    if any(cycle is not None for cycle in goal.design.cycles):
        notes.append(f"Cycles: {MEAN_WEEKLY}.")
    return notes


@final
@dataclass(frozen=True)
class _Ground:
    """What all candidates share: the goal, the draws and the weights of the hypotheses.

    ``common`` are draws by the posterior, ``strata`` equally many of each hypothesis, ``shares``
    the weights of the hypotheses under each explanation and preset, by its name.
    """

    goal: Goal
    maintenance: Maintenance
    common: Horizon
    strata: Horizon
    shares: Mapping[str, Floats]
    seed: int

    @classmethod
    def of(cls, fit: Fit, goal: Goal, maintenance: Maintenance, seed: int, draws: int) -> "_Ground":
        ensemble = ensemble_of(fit)
        rng = np.random.default_rng([seed, 13])
        with np.errstate(divide="ignore"):
            lanes = systematic(np.log(ensemble.weights), draws, rng)
        thin = ensemble.thinned(min(STRATUM, ensemble.size))
        strata = _horizon(thin, goal)
        chosen = _picked(ensemble, lanes)
        return cls(goal, maintenance, _horizon(chosen, goal), strata, _shares(fit), seed)


def _picked(ensemble: Ensemble, lanes: NDArray[np.int64]) -> Ensemble:
    """An ensemble of some lanes, of one part; only its counts are asked for."""
    theta = {name: values[lanes] for name, values in ensemble.theta.items()}
    return Ensemble(ensemble.individual, theta, len(lanes), HYPOTHESES[:1], np.ones(1))


def _horizon(ensemble: Ensemble, goal: Goal) -> Horizon:
    looks = np.append(np.arange(0.0, goal.length, PASSAGE_GRID), goal.length)
    edges = [day for target in goal.targets for day in (target.start, target.end)]
    visits = [visit_days(p, goal.length) for p in goal.design.plans() if p.rule is not None][:1]
    origin = float((goal.origin - ensemble.individual.day_zero).days)
    return horizon_of(ensemble, origin, np.concatenate([looks, edges, *visits]).tolist())


def _shares(fit: Fit) -> dict[str, Floats]:
    """Weights of the hypotheses under each explanation that matters and each other preset."""
    evidence = {p.hypothesis.name: p.log_evidence for p in fit.posteriors}
    base = np.array([fit.posterior_weights[h.name] for h in HYPOTHESES])
    found: dict[str, Floats] = {}
    for name in dict.fromkeys(h.counts_name for h in HYPOTHESES):
        own = np.where([h.counts_name == name for h in HYPOTHESES], base, 0.0)
        if own.sum() >= MATTERS:
            found[name] = own / own.sum()
    for preset, weights in fit.table.presets.items():
        if preset == DEFAULT_PRESET:  # the ranking itself
            continue
        under = posterior_weights(evidence, weights, HYPOTHESES)
        found[f"{preset} prior"] = np.array([under[h.name] for h in HYPOTHESES])
    return found


@final
@dataclass(frozen=True)
class _Worth:
    """What one candidate is worth in each draw."""

    utility: Floats
    broken: Flags
    targets: Floats
    weekly_dose: Floats
    injections: Floats


@final
@dataclass(frozen=True)
class _Search:
    """The race among some candidates."""

    ground: _Ground
    plans: tuple[Plan, ...]
    stage: str

    @cached_property
    def limits(self) -> tuple[ChanceLimit, ...]:
        """The goal's limits, then the targets that must be met with a probability."""
        goal = self.ground.goal
        asked = [t for t in goal.targets if t.probability > 0.0]
        return (
            *(ChanceLimit(x.label, x.probability) for x in goal.limits),
            *(ChanceLimit(t.label, t.probability) for t in asked),
        )

    def table(self, legs: Race, progress: Progress | None) -> RegimenTable:
        """Run the race and say all that the table says."""

        def judge(candidates: Sequence[int], draws: int) -> Judged:
            horizon = self.ground.common.chosen(np.arange(draws))
            leg = f"{self.stage}, {draws} draws"
            return _judged([x for _, x in self._worths(candidates, horizon, leg, progress)])

        untreated = [i for i, plan in enumerate(self.plans) if not plan.stretches]
        found = race(judge, len(self.plans), self.limits, legs, untreated)
        chosen = [row.candidate for row in found.rows]
        worths = dict(self._worths(chosen, self.ground.common, "", None))
        under = self._under(chosen)
        places = rank_places(under)
        beats = self._front(chosen, worths)
        rows = tuple(
            self._row(found, i, worths[row.candidate], places[row.candidate], beats[i])
            for i, row in enumerate(found.rows)
        )
        best = {name: self.plans[x.rows[0].candidate].name for name, x in under.items()}
        unreached = self._unreached(found, worths)
        reasons = (*found.reasons, *unreached)
        return RegimenTable(rows, found.feasible, reasons, found.chance, found.number, best)

    def _worths(
        self, candidates: Sequence[int], horizon: Horizon, leg: str, progress: Progress | None
    ) -> list[tuple[int, _Worth]]:
        found = []
        for done, i in enumerate(candidates, 1):
            followed = follow_plan(horizon, self.plans[i], self.ground.seed)
            found.append((i, self._worth(self.plans[i], horizon.days, followed)))
            if progress is not None:
                progress(leg, done / len(candidates))
        return found

    def _worth(self, plan: Plan, days: Floats, followed: Followed) -> _Worth:
        goal = self.ground.goal
        met = np.stack([_met(target, days, followed.counts) for target in goal.targets])
        weights = np.array([target.weight for target in goal.targets])
        cost = goal.cost.weekly_dose * followed.weekly_dose
        cost = cost + goal.cost.injection * followed.injections
        broken = [self._breaks(limit, plan, followed) for limit in goal.limits]
        broken += [x < 1.0 for x, t in zip(met, goal.targets, strict=True) if t.probability > 0.0]
        lanes = followed.counts.shape[1]
        return _Worth(
            utility=weights @ met / weights.sum() - cost,
            broken=np.stack(broken) if broken else np.zeros((0, lanes), bool),
            targets=met,
            weekly_dose=followed.weekly_dose,
            injections=followed.injections,
        )

    def _breaks(self, limit: GoalLimit, plan: Plan, followed: Followed) -> Flags:
        """In which draws a limit is broken."""
        apart = self.ground.maintenance.apart
        match limit.kind:
            case LimitKind.WEEKLY_DOSE:
                value = max([0.0, *(s.dose for s in plan.stretches)])
            case LimitKind.INJECTION:
                value = max([0.0, *(s.dose * s.interval / apart for s in plan.stretches)])
            case LimitKind.MEAN_WEEKLY_DOSE:
                return np.asarray(followed.weekly_dose > limit.bound * (1.0 + 1e-9))
            case LimitKind.INJECTIONS:
                return np.asarray(followed.injections > limit.bound * (1.0 + 1e-9))
            case LimitKind.COUNT_BELOW:
                return np.asarray(followed.counts.min(axis=0) < limit.bound)
        return np.full(followed.counts.shape[1], value > limit.bound * (1.0 + 1e-9))

    def _under(self, chosen: Sequence[int]) -> dict[str, Ranking]:
        """The ranking of the finalists under each explanation and preset."""
        judged = _judged([x for _, x in self._worths(chosen, self.ground.strata, "", None)])
        size = self.ground.strata.lanes // len(HYPOTHESES)
        return {
            name: rank(chosen, judged, self.limits, np.repeat(shares / size, size))
            for name, shares in self.ground.shares.items()
        }

    def _front(self, chosen: Sequence[int], worths: Mapping[int, _Worth]) -> Flags:
        weights = np.array([target.weight for target in self.ground.goal.targets])
        points = [
            (
                float(weights @ worths[i].targets.mean(axis=1)),
                -float(worths[i].weekly_dose.mean()),
                -float(worths[i].injections.mean()),
            )
            for i in chosen
        ]
        return front(np.array(points))

    def _row(
        self, found: Ranking, i: int, worth: _Worth, places: Mapping[str, int], on_front: bool
    ) -> RegimenRow:
        row = found.rows[i]
        draws = len(worth.utility)
        part = Part(slice(0, draws), np.full(draws, 1.0 / draws))
        labels = [limit.label for limit in self.limits]
        targets = [target.label for target in self.ground.goal.targets]
        return RegimenRow(
            regimen=self.plans[row.candidate].name,
            utility=row.utility,
            utility_se=row.utility_se,
            low=row.low,
            high=row.high,
            p_best=row.p_best,
            regret=row.regret,
            p_broken=dict(zip(labels, row.p_broken, strict=True)),
            keeps_limits=row.keeps_limits,
            shortfall=row.shortfall,
            p_target=dict(zip(targets, map(float, worth.targets.mean(axis=1)), strict=True)),
            weekly_dose=part.interval(worth.weekly_dose),
            injections=part.interval(worth.injections),
            on_front=bool(on_front),
            rank_under=places,
        )

    def _unreached(self, found: Ranking, worths: Mapping[int, _Worth]) -> list[str]:
        """Targets that none of the finalists comes near in any draw."""
        reasons = []
        for i, target in enumerate(self.ground.goal.targets):
            if not any(worths[row.candidate].targets[i].any() for row in found.rows):
                reasons.append(f"no regimen meets the target '{target.label}' in any draw")
        return reasons


def _met(target: Target, days: Floats, counts: Floats) -> Floats:
    """How far a target is met in each draw, from 0 to 1."""
    within = (days >= target.start) & (days <= target.end)
    there = counts[within] >= target.count
    if not target.keep:
        return np.asarray(there.any(axis=0), dtype=float)
    widths = np.diff(days[within], append=days[within][-1])
    widths[-1] = widths[-2] if len(widths) > 1 else 1.0
    return np.asarray(widths @ there / widths.sum())


def _judged(worths: Sequence[_Worth]) -> Judged:
    broken = np.stack([worth.broken for worth in worths], axis=1)
    return Judged(np.stack([worth.utility for worth in worths]), broken)
