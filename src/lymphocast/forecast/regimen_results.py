"""What a regimen search found: the ranking, its front, and what it does not know."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import final

from lymphocast.forecast.results import Interval, Verdict


@final
@dataclass(frozen=True)
class Amounts:
    """The highest weekly amount of a regimen and its largest injection, in one unit."""

    weekly: float
    injection: float
    unit: str


@final
@dataclass(frozen=True)
class RegimenRow:
    """One regimen in a table.

    Parameters
    ----------
    regimen
        Its name, which says what it is.
    utility, utility_se, low, high
        Mean over the draws, its Monte Carlo error, and the central 90 % over the draws.
    p_best
        Share of draws in which no other of the table is better. Where the data say nothing about
        the dose-response, the doses of a design share that of the design equally.
    p_best_if_assumed
        What it would be if the assumed dose-response were known; ``None`` where the data inform it.
    regret
        Mean utility lost to the draw's best.
    p_broken
        Probability that each limit is broken, by the limit's label.
    keeps_limits
        Whether each limit holds with its probability.
    shortfall
        What is missing from the limits' probabilities, summed.
    p_target
        Probability, or mean share of the time, of each target, by its label.
    weekly_dose, injections
        Mean weekly dose relative to maintenance, and number of injections, over the draws.
    amounts
        Its doses as amounts; ``None`` while the product or the unit system is not stated.
    on_front
        Whether no other of the table is as good in target, mean weekly dose and injections and
        better in one of them.
    rank_under
        Its place in the table under each explanation of the counts that weighs 1 % or more, and
        each preset of prior weights other than that of the ranking itself.
    """

    regimen: str
    utility: float
    utility_se: float
    low: float
    high: float
    p_best: float
    p_best_if_assumed: float | None
    regret: float
    p_broken: Mapping[str, float]
    keeps_limits: bool
    shortfall: float
    p_target: Mapping[str, float]
    weekly_dose: Interval
    injections: Interval
    amounts: Amounts | None
    on_front: bool
    rank_under: Mapping[str, int]


@final
@dataclass(frozen=True)
class DesignShare:
    """How often a design is the best, whichever its dose.

    Parameters
    ----------
    design
        Its name: all that a regimen is apart from its dose.
    doses
        Its regimens that may be the best.
    p_best
        Share of draws in which one of them is.
    chance
        What it would be if the draws could not tell regimens apart.
    """

    design: str
    doses: int
    p_best: float
    chance: float


@final
@dataclass(frozen=True)
class FrontPoint:
    """A regimen on the trade-off front of all that were compared, in the draws of the first leg.

    Parameters
    ----------
    regimen
        Its name.
    target
        Weighted mean of how far the targets are met.
    weekly_dose, injections
        Means over the draws.
    """

    regimen: str
    target: float
    weekly_dose: float
    injections: float


@final
@dataclass(frozen=True)
class RegimenSensitivityRow:
    """The ranking of a table when one assumption is changed.

    Parameters
    ----------
    name, label
        As in the sensitivity table of the explanation.
    ess
        Effective draws of the fit; with too few in any row nothing is decided.
    first
        The first regimen, of the rows of the table.
    leader_place
        Where the leader of the base analysis stands.
    probabilities
        Of each verdict's statement, by its name.
    """

    name: str
    label: str
    ess: float
    first: str
    leader_place: int
    probabilities: Mapping[str, float]


@final
@dataclass(frozen=True)
class RegimenSensitivity:
    """How a ranking moves over the sensitivity table, and the verdicts on what it says.

    Parameters
    ----------
    leader
        The first regimen with the drug in the base analysis.
    rows
        The base analysis and every changed one.
    verdicts
        On the leader and on the drug.
    """

    leader: str
    rows: tuple[RegimenSensitivityRow, ...]
    verdicts: tuple[Verdict, ...]


@final
@dataclass(frozen=True)
class RegimenTable:
    """Regimens from the best on.

    Parameters
    ----------
    rows
        Those that ran the last leg of the race.
    feasible
        Whether any keeps all limits; if not, the rows are from the least bad on.
    reasons
        Why none does.
    chance
        P(best) if the draws could not tell the regimens that keep the limits apart.
    designs
        How often each design is the best, whichever its dose; empty where the data inform the
        dose-response.
    compared
        Regimens that entered the race.
    best_under
        The first of the rows under each explanation of the counts and each preset.
    front
        Of all regimens compared that keep the limits in the draws of the first leg (of all, if
        none does), those to which no other is as good in targets, mean weekly dose and injections
        and better in one; from the smallest dose on.
    sensitivity
        How the ranking moves over the sensitivity table; ``None`` if that was not asked for.
    """

    rows: tuple[RegimenRow, ...]
    feasible: bool
    reasons: tuple[str, ...]
    chance: float
    designs: tuple[DesignShare, ...]
    compared: int
    best_under: Mapping[str, str]
    front: tuple[FrontPoint, ...]
    sensitivity: RegimenSensitivity | None = None


@final
@dataclass(frozen=True)
class RegimenSearch:
    """The regimens that best meet a goal, over a posterior.

    Parameters
    ----------
    record_id, title, origin, until
        Whose, what for, and from when to when.
    seed, draws
        What the numbers can be repeated from: the common draws of the last leg.
    banners
        What a reader must know before the tables; the first is about the dose-response.
    given
        Regimens within what the patient has had.
    extrapolated
        Regimens with doses or cycles that the patient has not had, beside no drug; ``None`` if the
        goal has no such regimen.
    notes
        What the model cannot see.
    """

    record_id: str
    title: str
    origin: date
    until: date
    seed: int
    draws: int
    banners: tuple[str, ...]
    given: RegimenTable
    extrapolated: RegimenTable | None
    notes: tuple[str, ...]
