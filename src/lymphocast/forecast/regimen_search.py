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
from lymphocast.forecast.amounts import amounts_note, amounts_of
from lymphocast.forecast.course_plan import follow_plan
from lymphocast.forecast.design_shares import design_shares, exchanged
from lymphocast.forecast.dose_response import dose_banner
from lymphocast.forecast.ensemble import Part
from lymphocast.forecast.goal import Candidate, Goal
from lymphocast.forecast.plan_forecast import MEAN_WEEKLY, is_extrapolated, replaces_note
from lymphocast.forecast.regimen_ground import Ground
from lymphocast.forecast.regimen_results import (
    FrontPoint,
    RegimenRow,
    RegimenSearch,
    RegimenTable,
)
from lymphocast.forecast.regimen_sensitivity import with_sensitivity
from lymphocast.forecast.search import (
    ChanceLimit,
    Judged,
    Race,
    Ranked,
    Ranking,
    front,
    keeping,
    race,
    rank,
    rank_places,
)
from lymphocast.forecast.search_state import Mark, SearchState
from lymphocast.forecast.sensitivity import changed_fits
from lymphocast.forecast.worth import Scale, Worth, judged_of
from lymphocast.inference.hypotheses import HYPOTHESES
from lymphocast.inference.kernels import kernels_of
from lymphocast.inference.posterior import Fit

Flags = NDArray[np.bool_]
Progress = Callable[[str, float], None]
STRATA = 0  # in place of a number of common draws
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
    sensitivity: bool = False,
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
    sensitivity
        Rank again in each row of the sensitivity table, which takes further fits.
    """
    maintenance = maintenance_of(fit.record, fit.individual)
    chosen, legs = fit.seed if seed is None else seed, legs or Race()
    state = state or SearchState(None, Mark.of(fit, goal, chosen, legs))
    candidates = list(goal.design.candidates())
    beyond = [is_extrapolated(x.plan, maintenance) for x in candidates]
    banner = dose_banner(fit)
    ground = Ground.of(fit, goal, chosen, legs.then, assumed=bool(banner))
    inside = [x for x, out in zip(candidates, beyond, strict=True) if not out]
    outside = [x for x, out in zip(candidates, beyond, strict=True) if out]
    with state.kept():
        search = _Search(ground, tuple(inside), "regimens within what was given", state)
        given, extrapolated = search.table(legs, progress), None
        if outside:
            beside = (*(x for x in candidates if not x.plan.stretches), *outside)
            search = _Search(ground, beside, "regimens beyond what was given", state)
            extrapolated = search.table(legs, progress)
        if sensitivity:
            given, extrapolated = _again(fit, ground, (given, extrapolated), legs, progress)
    return RegimenSearch(
        record_id=fit.record.id,
        title=goal.title,
        origin=goal.origin,
        until=goal.until,
        seed=chosen,
        draws=legs.then,
        banners=_banners(banner, maintenance),
        given=given,
        extrapolated=extrapolated,
        notes=tuple(_notes(fit, goal, maintenance)),
    )


def _again(
    fit: Fit,
    ground: Ground,
    tables: tuple[RegimenTable, RegimenTable | None],
    legs: Race,
    progress: Progress | None,
) -> tuple[RegimenTable, RegimenTable | None]:
    """The tables with how their rankings move in each row of the sensitivity table."""
    fits = changed_fits(fit, kernels_of(fit.individual, fit.table), progress)
    there = [table for table in tables if table is not None]
    given, *beyond = with_sensitivity(there, fits, ground, legs.then)
    return given, beyond[0] if beyond else None


def _banners(dose: str, maintenance: Maintenance) -> tuple[str, ...]:
    banners = [dose]
    if not maintenance.amounts_known:
        unknown = maintenance.unknown
        banners.append(
            FRACTIONS.format(unknown=unknown[0].upper() + unknown[1:], drug=maintenance.drug)
        )
    return tuple(banner for banner in banners if banner)


def _notes(fit: Fit, goal: Goal, maintenance: Maintenance) -> list[str]:
    notes = [note for note in (amounts_note(maintenance), replaces_note(fit)) if note]
    if len(goal.design.intervals) > 1:
        notes.append(INTERVALS)
    if any(cycle is not None for cycle in goal.design.cycles):
        notes.append(f"Cycles: {MEAN_WEEKLY}.")
    notes += [EVENTS.format(event=x.event, source=x.source) for x in goal.events]
    return notes


@final
@dataclass(frozen=True)
class _Search:
    """The race among some candidates."""

    ground: Ground
    candidates: tuple[Candidate, ...]
    stage: str
    state: SearchState

    @cached_property
    def scale(self) -> Scale:
        """How the goal values a regimen."""
        return Scale(self.ground.goal, self.ground.maintenance.apart)

    @cached_property
    def limits(self) -> tuple[ChanceLimit, ...]:
        """What must hold, with its probability."""
        return self.scale.limits

    def table(self, legs: Race, progress: Progress | None) -> RegimenTable:
        """Run the race and say all that the table says."""

        def judge(candidates: Sequence[int], draws: int) -> Judged:
            return judged_of([x for _, x in self._worths(candidates, draws, progress)])

        untreated = [i for i, x in enumerate(self.candidates) if not x.plan.stretches]
        found = race(judge, len(self.candidates), self.limits, legs, untreated)
        chosen = [row.candidate for row in found.rows]
        worths = dict(self._worths(chosen, legs.then, None))
        under = self._under(chosen, progress)
        places = rank_places(under)
        beats = self._front(chosen, worths)
        designs = {i: self.candidates[i].design for i in chosen}
        shared = exchanged(found, designs) if self.ground.assumed else {}
        rows = tuple(
            self._row(row, shared.get(row.candidate), worths[row.candidate],
                      places[row.candidate], on_front=bool(beats[i]))
            for i, row in enumerate(found.rows)
        )  # fmt: skip
        best = {name: self.candidates[x.rows[0].candidate].plan.name for name, x in under.items()}
        unreached = self._unreached(found, worths)
        reasons = (*found.reasons, *unreached)
        return RegimenTable(
            rows=rows,
            feasible=found.feasible,
            reasons=reasons,
            chance=found.chance,
            designs=design_shares(found, designs) if self.ground.assumed else (),
            compared=found.number,
            best_under=best,
            front=self._whole_front(legs),
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
                plan = self.candidates[i].plan
                followed = follow_plan(horizon, plan, ground.seed)
                worth = self.scale.worth(plan, horizon.days, followed)
                self.state.put(leg, i, worth)
            found.append((i, worth))
            if progress is not None:
                words = f"{draws} draws" if draws else "each explanation"
                progress(f"{self.stage}, {words}", done / len(candidates))
        return found

    def _under(self, chosen: Sequence[int], progress: Progress | None) -> dict[str, Ranking]:
        """The ranking of the finalists under each explanation and preset."""
        judged = judged_of([x for _, x in self._worths(chosen, STRATA, progress)])
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
        worths = [worth for _, worth in self._worths(range(len(self.candidates)), legs.first, None)]
        kept = keeping(judged_of(worths), self.limits)
        points = np.array([self._point(worths[i]) for i in kept])
        on = [(kept[k], points[k]) for k in np.flatnonzero(front(points))]
        return tuple(
            FrontPoint(self.candidates[i].plan.name, float(target), -float(dose), -float(number))
            for i, (target, dose, number) in sorted(on, key=lambda x: (-x[1][1], -x[1][2]))
        )

    def _row(
        self,
        row: Ranked,
        shared: float | None,
        worth: Worth,
        places: Mapping[str, int],
        *,
        on_front: bool,
    ) -> RegimenRow:
        draws = len(worth.utility)
        part = Part(slice(0, draws), np.full(draws, 1.0 / draws))
        labels = [limit.label for limit in self.limits]
        targets = [target.label for target in self.ground.goal.targets]
        return RegimenRow(
            regimen=self.candidates[row.candidate].plan.name,
            utility=row.utility,
            utility_se=row.utility_se,
            low=row.low,
            high=row.high,
            p_best=row.p_best if shared is None else shared,
            p_best_if_assumed=None if shared is None else row.p_best,
            regret=row.regret,
            p_broken=dict(zip(labels, row.p_broken, strict=True)),
            keeps_limits=row.keeps_limits,
            shortfall=row.shortfall,
            p_target=dict(zip(targets, map(float, worth.targets.mean(axis=1)), strict=True)),
            weekly_dose=part.interval(worth.weekly_dose),
            injections=part.interval(worth.injections),
            amounts=amounts_of(self.candidates[row.candidate].plan, self.ground.maintenance),
            on_front=on_front,
            rank_under=places,
        )

    def _unreached(self, found: Ranking, worths: Mapping[int, Worth]) -> list[str]:
        """Targets that none of the finalists comes near in any draw."""
        reasons = []
        for i, target in enumerate(self.ground.goal.targets):
            if not any(worths[row.candidate].targets[i].any() for row in found.rows):
                reasons.append(f"no regimen meets the target '{target.label}' in any draw")
        return reasons
