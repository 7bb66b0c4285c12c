"""How a ranking of regimens moves in each row of the sensitivity table, and what stays.

Every row of the table is another fit; the regimens of a table are followed in its draws and ranked
again, by the same goal. The leader is the first regimen with the drug in the base analysis. What is
said of it has a verdict by the rule of :mod:`lymphocast.forecast.sensitivity`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lymphocast.forecast.course_plan import follow_plan
from lymphocast.forecast.design_shares import design_shares
from lymphocast.forecast.ensemble import ensemble_of
from lymphocast.forecast.goal import NO_DRUG, Candidate
from lymphocast.forecast.regimen_ground import Ground, common_draws
from lymphocast.forecast.regimen_results import (
    RegimenSensitivity,
    RegimenSensitivityRow,
    RegimenTable,
)
from lymphocast.forecast.search import ROUNDING, Ranking, rank
from lymphocast.forecast.sensitivity import (
    CHANGED_DRAWS,
    ChangedFit,
    answered,
    enough_draws,
)
from lymphocast.forecast.worth import Scale, Worth, judged_of

Floats = NDArray[np.float64]
ORDER, LEADER, DRUG, BEST, LIMITS = "order", "leader", "drug", "best", "limits"


def with_sensitivity(
    tables: Sequence[RegimenTable], fits: Iterable[ChangedFit], ground: Ground, draws: int
) -> tuple[RegimenTable, ...]:
    """Return tables with their rows ranked again in each fit; the first fit is the base.

    Parameters
    ----------
    tables
        What the search found.
    fits
        The base analysis and every changed one.
    ground
        That of the search.
    draws
        Common draws of the base analysis; the others take at most 500.
    """
    known = {x.plan.name: x for x in ground.goal.design.candidates()}
    chosen = [[known[row.regimen] for row in table.rows] for table in tables]
    found: list[list[RegimenSensitivityRow]] = [[] for _ in tables]
    for i, fit in enumerate(fits):
        again = _Again(fit, ground, draws if i == 0 else min(draws, CHANGED_DRAWS))
        for rows, candidates in zip(found, chosen, strict=True):
            if len(candidates) > 1:  # no drug is one of them
                rows.append(again.row(candidates))
    return tuple(
        replace(table, sensitivity=_told(candidates, rows, ground))
        for table, candidates, rows in zip(tables, chosen, found, strict=True)
    )


class _Again:
    """One row of the sensitivity table, in which regimens are ranked again."""

    def __init__(self, fit: ChangedFit, ground: Ground, draws: int) -> None:
        self.fit, self.ground = fit, ground
        self.scale = Scale(ground.goal, ground.maintenance.apart)
        self.horizon = common_draws(ensemble_of(fit.fit), ground.goal, ground.seed, draws)

    def row(self, candidates: Sequence[Candidate]) -> RegimenSensitivityRow:
        """Rank the candidates, which come in the order of the base analysis."""
        together = judged_of([self._worth(candidate) for candidate in candidates])
        found = rank(range(len(candidates)), together, self.scale.limits)
        names = [candidate.plan.name for candidate in candidates]
        leader = _leader(names)
        places = {row.candidate: place for place, row in enumerate(found.rows, 1)}
        keeps = {row.candidate: row.keeps_limits for row in found.rows}
        return RegimenSensitivityRow(
            name=self.fit.name,
            label=self.fit.label,
            ess=self.fit.fit.ess_kept,
            first=names[found.rows[0].candidate],
            leader_place=places[leader],
            probabilities={
                ORDER: float(names[found.rows[0].candidate] != NO_DRUG),
                LEADER: _better(together.utility, names, [leader]),
                DRUG: _better(together.utility, names, found.contestants),
                BEST: self._best(found, candidates, leader),
                LIMITS: float(keeps[leader]),
            },
        )

    def _worth(self, candidate: Candidate) -> Worth:
        followed = follow_plan(self.horizon, candidate.plan, self.ground.seed)
        return self.scale.worth(candidate.plan, self.horizon.days, followed)

    def _best(self, found: Ranking, candidates: Sequence[Candidate], leader: int) -> float:
        """P(best) of the leader; of its design, where no data tell doses apart."""
        if not self.ground.assumed:
            return next(row.p_best for row in found.rows if row.candidate == leader)
        shares = design_shares(found, {i: x.design for i, x in enumerate(candidates)})
        own = [share.p_best for share in shares if share.design == candidates[leader].design]
        return sum(own)


def _leader(names: Sequence[str]) -> int:
    """The first regimen with the drug."""
    return next(i for i, name in enumerate(names) if name != NO_DRUG)


def _better(utility: Floats, names: Sequence[str], some: Sequence[int]) -> float:
    """Share of draws in which one of some regimens with the drug is worth more than no drug."""
    drugs = [i for i in some if names[i] != NO_DRUG]
    if not drugs:
        return 0.0
    none = utility[names.index(NO_DRUG)]
    return float(np.mean(utility[drugs].max(axis=0) > none + ROUNDING))


def _told(
    candidates: Sequence[Candidate], rows: Sequence[RegimenSensitivityRow], ground: Ground
) -> RegimenSensitivity | None:
    """The rows with their verdicts; ``None`` where no regimen has the drug."""
    if not rows:
        return None
    leader = candidates[_leader([x.plan.name for x in candidates])]
    asked = _questions(leader, assumed=ground.assumed)
    verdicts = answered(
        asked, [row.probabilities for row in rows], enough=enough_draws(row.ess for row in rows)
    )
    return RegimenSensitivity(leader.plan.name, tuple(rows), verdicts)


def _questions(leader: Candidate, *, assumed: bool) -> dict[str, tuple[str, str]]:
    """What is asked, by its letter or word: the question and the statement whose probability."""
    name = leader.plan.name
    best = (
        f"Is the design of '{name}' the best, whichever its dose?"
        if assumed
        else f"Is '{name}' the best of the table?"
    )
    return {
        ORDER: (
            "Does a regimen with the drug rank before no drug?",
            "By the limits and the mean utility: 1 where one is the first, 0 where no drug is.",
        ),
        LEADER: (
            f"Is '{name}' worth more than no drug?",
            "Its utility is higher than that of no drug.",
        ),
        DRUG: (
            "Is some regimen with the drug worth more than no drug?",
            "Of the regimens with the drug that keep the limits, one has a higher utility than no "
            "drug; in each draw it may be another.",
        ),
        BEST: (best, "No other that keeps the limits has a higher utility; equals share it."),
        LIMITS: (
            f"Does '{name}' keep every limit?",
            "Each limit holds with its probability: 1 where it does, 0 where not.",
        ),
    }
