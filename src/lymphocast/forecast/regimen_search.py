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
    Horizon,
    follow_plan,
    horizon_of,
    visit_days,
)
from lymphocast.forecast.dose_response import dose_banner
from lymphocast.forecast.ensemble import Ensemble, Part, ensemble_of
from lymphocast.forecast.goal import Goal
from lymphocast.forecast.plan import Plan
from lymphocast.forecast.plan_forecast import MEAN_WEEKLY, is_extrapolated, replaces_note
from lymphocast.forecast.regimen_results import (
    FrontPoint,
    RegimenRow,
    RegimenSearch,
    RegimenTable,
)
from lymphocast.forecast.scenario import PASSAGE_GRID
from lymphocast.forecast.search import (
    ChanceLimit,
    Judged,
    Race,
    Ranking,
    front,
    keeping,
    race,
    rank,
    rank_places,
)
from lymphocast.forecast.search_state import Mark, SearchState
from lymphocast.forecast.worth import Scale, Worth
from lymphocast.inference.evidence import systematic
from lymphocast.inference.hypotheses import HYPOTHESES, posterior_weights
from lymphocast.inference.posterior import MATTERS, Fit

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Progress = Callable[[str, float], None]
STRATA = 0  # in place of a number of common draws
STRATUM = 400  # draws of each hypothesis for the rankings under explanations and presets
FRACTIONS = (
    "{unknown} of {drug} is not stated, so doses are relative to the patient's own maintenance "
    "dose and cannot be given as amounts."
)
EVENTS = (
    "How often {event} happens is what the goal says of it ({source}); the record has no part in "
    "it."
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
    state: SearchState | None = None,
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
    state
        What an interrupted search of the same fit, goal, seed and race found; it is added to.
    """
    maintenance = maintenance_of(fit.record, fit.individual)
    chosen, legs = fit.seed if seed is None else seed, legs or Race()
    state = state or SearchState(None, Mark.of(fit, goal, chosen, legs))
    plans = list(goal.design.plans())
    beyond = [is_extrapolated(plan, maintenance) for plan in plans]
    ground = _Ground.of(fit, goal, maintenance, chosen, legs.then)
    inside = [plan for plan, out in zip(plans, beyond, strict=True) if not out]
    outside = [plan for plan, out in zip(plans, beyond, strict=True) if out]
    with state.kept():
        search = _Search(ground, tuple(inside), "regimens within what was given", state)
        given, extrapolated = search.table(legs, progress), None
        if outside:
            beside = (*(plan for plan in plans if not plan.stretches), *outside)
            search = _Search(ground, beside, "regimens beyond what was given", state)
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
        notes=tuple(_notes(fit, goal)),
    )


def _banners(fit: Fit, maintenance: Maintenance) -> tuple[str, ...]:
    banners = [dose_banner(fit)]
    if not maintenance.amounts_known:
        unknown = maintenance.unknown
        banners.append(
            FRACTIONS.format(unknown=unknown[0].upper() + unknown[1:], drug=maintenance.drug)
        )
    return tuple(banner for banner in banners if banner)


def _notes(fit: Fit, goal: Goal) -> list[str]:
    notes = [replaces_note(fit)]
    if len(goal.design.intervals) > 1:
        notes.append(INTERVALS)
    if any(cycle is not None for cycle in goal.design.cycles):
        notes.append(f"Cycles: {MEAN_WEEKLY}.")
    notes += [EVENTS.format(event=x.event, source=x.source) for x in goal.events]
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
        if preset == fit.preset:  # the ranking itself
            continue
        under = posterior_weights(evidence, weights, HYPOTHESES)
        found[f"{preset} prior"] = np.array([under[h.name] for h in HYPOTHESES])
    return found


@final
@dataclass(frozen=True)
class _Search:
    """The race among some candidates."""

    ground: _Ground
    plans: tuple[Plan, ...]
    stage: str
    state: SearchState

    @cached_property
    def scale(self) -> Scale:
        """How the goal values a regimen."""
        return Scale(self.ground.goal, self.ground.maintenance.apart, self.ground.seed)

    @cached_property
    def limits(self) -> tuple[ChanceLimit, ...]:
        """What must hold, with its probability."""
        return self.scale.limits

    def table(self, legs: Race, progress: Progress | None) -> RegimenTable:
        """Run the race and say all that the table says."""

        def judge(candidates: Sequence[int], draws: int) -> Judged:
            return _judged([x for _, x in self._worths(candidates, draws, progress)])

        untreated = [i for i, plan in enumerate(self.plans) if not plan.stretches]
        found = race(judge, len(self.plans), self.limits, legs, untreated)
        chosen = [row.candidate for row in found.rows]
        worths = dict(self._worths(chosen, legs.then, None))
        under = self._under(chosen, progress)
        places = rank_places(under)
        beats = self._front(chosen, worths)
        rows = tuple(
            self._row(found, i, worths[row.candidate], places[row.candidate], beats[i])
            for i, row in enumerate(found.rows)
        )
        best = {name: self.plans[x.rows[0].candidate].name for name, x in under.items()}
        unreached = self._unreached(found, worths)
        reasons = (*found.reasons, *unreached)
        return RegimenTable(
            rows, found.feasible, reasons, found.chance, found.number, best, self._whole_front(legs)
        )

    def _worths(
        self, candidates: Sequence[int], draws: int, progress: Progress | None
    ) -> list[tuple[int, Worth]]:
        """What candidates are worth in the first so many common draws; 0: in the strata."""
        ground, leg = self.ground, (self.stage, str(draws))
        horizon = ground.common.chosen(np.arange(draws)) if draws else ground.strata
        found = []
        for done, i in enumerate(candidates, 1):
            worth = self.state.get(leg, i)
            if worth is None:
                followed = follow_plan(horizon, self.plans[i], ground.seed)
                worth = self.scale.worth(self.plans[i], horizon.days, followed)
                self.state.put(leg, i, worth)
            found.append((i, worth))
            if progress is not None:
                words = f"{draws} draws" if draws else "each explanation"
                progress(f"{self.stage}, {words}", done / len(candidates))
        return found

    def _under(self, chosen: Sequence[int], progress: Progress | None) -> dict[str, Ranking]:
        """The ranking of the finalists under each explanation and preset."""
        judged = _judged([x for _, x in self._worths(chosen, STRATA, progress)])
        size = self.ground.strata.lanes // len(HYPOTHESES)
        return {
            name: rank(chosen, judged, self.limits, np.repeat(shares / size, size))
            for name, shares in self.ground.shares.items()
        }

    def _front(self, chosen: Sequence[int], worths: Mapping[int, Worth]) -> Flags:
        return front(np.array([self._point(worths[i]) for i in chosen]))

    def _point(self, worth: Worth) -> tuple[float, float, float]:
        """Target, mean weekly dose and injections of a regimen, the larger the better."""
        weights = np.array([target.weight for target in self.ground.goal.targets])
        target = float(weights @ worth.targets.mean(axis=1) / weights.sum())
        return target, -float(worth.weekly_dose.mean()), -float(worth.injections.mean())

    def _whole_front(self, legs: Race) -> tuple[FrontPoint, ...]:
        """The trade-off front of all candidates, in the draws that all have run."""
        worths = [worth for _, worth in self._worths(range(len(self.plans)), legs.first, None)]
        kept = keeping(_judged(worths), self.limits)
        points = np.array([self._point(worths[i]) for i in kept])
        on = [(kept[k], points[k]) for k in np.flatnonzero(front(points))]
        return tuple(
            FrontPoint(self.plans[i].name, float(target), -float(dose), -float(number))
            for i, (target, dose, number) in sorted(on, key=lambda x: (-x[1][1], -x[1][2]))
        )

    def _row(
        self, found: Ranking, i: int, worth: Worth, places: Mapping[str, int], on_front: bool
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

    def _unreached(self, found: Ranking, worths: Mapping[int, Worth]) -> list[str]:
        """Targets that none of the finalists comes near in any draw."""
        reasons = []
        for i, target in enumerate(self.ground.goal.targets):
            if not any(worths[row.candidate].targets[i].any() for row in found.rows):
                reasons.append(f"no regimen meets the target '{target.label}' in any draw")
        return reasons


def _judged(worths: Sequence[Worth]) -> Judged:
    broken = np.stack([worth.broken for worth in worths], axis=1)
    return Judged(np.stack([worth.utility for worth in worths]), broken)
