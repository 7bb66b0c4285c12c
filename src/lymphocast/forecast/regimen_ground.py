"""What all candidates of a regimen search share: the goal, the draws, weights of the hypotheses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from lymphocast.dataset.maintenance import Maintenance, maintenance_of
from lymphocast.forecast.course_plan import Horizon, horizon_of, visit_days
from lymphocast.forecast.ensemble import Ensemble, ensemble_of
from lymphocast.forecast.goal import Goal
from lymphocast.forecast.scenario import PASSAGE_GRID
from lymphocast.inference.evidence import systematic
from lymphocast.inference.hypotheses import HYPOTHESES, posterior_weights
from lymphocast.inference.posterior import MATTERS, Fit

Floats = NDArray[np.float64]
STRATUM = 400  # draws of each hypothesis for the rankings under explanations and presets


@final
@dataclass(frozen=True)
class Ground:
    """What all candidates share: the goal, the draws and the weights of the hypotheses.

    ``common`` are draws by the posterior, ``strata`` equally many of each hypothesis, ``shares``
    the weights of the hypotheses under each explanation and preset, by its name. ``assumed`` says
    that the data tell nothing about the dose-response.
    """

    goal: Goal
    maintenance: Maintenance
    common: Horizon
    strata: Horizon
    shares: Mapping[str, Floats]
    seed: int
    assumed: bool

    @classmethod
    def of(cls, fit: Fit, goal: Goal, seed: int, draws: int, *, assumed: bool) -> "Ground":
        """Return the ground of a search in so many common draws."""
        ensemble = ensemble_of(fit)
        return cls(
            goal=goal,
            maintenance=maintenance_of(fit.record, fit.individual),
            common=common_draws(ensemble, goal, seed, draws),
            strata=_horizon(ensemble.thinned(min(STRATUM, ensemble.size)), goal),
            shares=_shares(fit),
            seed=seed,
            assumed=assumed,
        )


def common_draws(ensemble: Ensemble, goal: Goal, seed: int, draws: int) -> Horizon:
    """Return so many draws by the posterior, through the time of a goal."""
    rng = np.random.default_rng([seed, 13])
    with np.errstate(divide="ignore"):
        lanes = systematic(np.log(ensemble.weights), draws, rng)
    return _horizon(_picked(ensemble, lanes), goal)


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
