"""Goal: what a regimen should reach, what it must not break, what it costs, what may be varied.

    utility of a regimen in a draw = sum_i w_i v_i / sum_i w_i - cost

v of *keep above c* is the share of the time from ``start`` on with a latent count of at least c; v
of *reach c* is 1 if the latent count is at least c on some day by ``by``, else 0. The cost counts
the mean weekly dose and the number of injections. Limits are chance constraints: each must hold
with its probability.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import product
from typing import final

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from scipy.special import expit, logit

from lymphocast.forecast.plan import Plan, Stretch
from lymphocast.forecast.policy import ALWAYS, NEVER, NO_END, HoldRule, RestartCycle, StopRule
from lymphocast.record.dosing import Cycle

NO_DRUG = "no drug"
EXACT = 17  # digits that tell any two numbers apart
_Z, _WEIGHTS = hermegauss(80)
_SHARES = _WEIGHTS / _WEIGHTS.sum()
TAPER_STEPS = 6  # equal steps of a taper: an assumption, as for a titration without stated steps


@final
@dataclass(frozen=True)
class Target:
    """A count to be kept, or reached by a day.

    Parameters
    ----------
    count
        In cells/uL, latent.
    keep
        Whether it is to be kept (from ``start`` to ``end``) or reached once in that time.
    start, end
        Days after the origin.
    weight
        Its share in the utility.
    probability
        If above 0, the target is a limit too: kept all the time, or reached, with so much
        probability.
    """

    count: float
    keep: bool
    start: float
    end: float
    weight: float = 1.0
    probability: float = 0.0

    @property
    def label(self) -> str:
        """How tables and messages call it."""
        if self.keep:
            return f"keep the count at {self.count:g} or above"
        return f"reach {self.count:g} by day {self.end:g}"


@final
class LimitKind(StrEnum):
    """What a limit is about."""

    WEEKLY_DOSE = "weekly_dose"
    MEAN_WEEKLY_DOSE = "mean_weekly_dose"
    INJECTION = "injection"
    INJECTIONS = "injections"
    COUNT_BELOW = "count_below"


_LIMIT_WORDS = {
    LimitKind.WEEKLY_DOSE: "weekly dose at most {:g} of maintenance",
    LimitKind.MEAN_WEEKLY_DOSE: "mean weekly dose at most {:g} of maintenance",
    LimitKind.INJECTION: "one injection at most {:g} of a maintenance injection",
    LimitKind.INJECTIONS: "at most {:g} injections",
    LimitKind.COUNT_BELOW: "the count never below {:g}",
}


@final
@dataclass(frozen=True)
class GoalLimit:
    """A bound that must hold with a probability; doses are relative to maintenance.

    ``amount`` is the bound as people print it, if it can be stated.
    """

    kind: LimitKind
    bound: float
    probability: float = 1.0
    amount: str = ""

    @property
    def label(self) -> str:
        """How tables and messages call it."""
        words = _LIMIT_WORDS[self.kind].format(self.bound)
        return f"{words} ({self.amount})" if self.amount else words


@final
@dataclass(frozen=True)
class EventLimit:
    """An adverse event that must not happen, with a probability, by a model that the goal states.

        logit P(event) = logit p1 + slope ln d + spread z,   z ~ Normal(0, 1)

    d is the largest injection, or the highest weekly dose, relative to maintenance. P is that of
    at least one such event under the regimen. The record has no part in it.

    Parameters
    ----------
    event
        What happens, such as fever.
    of_injection
        Whether d is the largest injection; else the highest weekly dose.
    at_maintenance, slope, spread
        p1, and the slope and the uncertainty of the log odds.
    source
        Where the model comes from.
    probability
        With which the event must not happen.
    """

    event: str
    of_injection: bool
    at_maintenance: float
    slope: float
    spread: float
    source: str
    probability: float = 1.0

    @property
    def label(self) -> str:
        """How tables and messages call it."""
        return f"no {self.event}"

    def chance(self, size: float) -> float:
        """Return the probability of the event at one size, averaged over what is unknown of it."""
        if size <= 0.0:
            return 0.0
        odds = logit(self.at_maintenance) + self.slope * np.log(size) + self.spread * _Z
        return float(_SHARES @ expit(odds))


@final
@dataclass(frozen=True)
class Cost:
    """Utility lost for each unit of mean weekly dose, and for each injection."""

    weekly_dose: float = 0.0
    injection: float = 0.0


@final
@dataclass(frozen=True)
class Candidate:
    """A regimen, and the name of what it is apart from its dose.

    Of cycles the model sees the mean weekly dose, so they belong to the dose.
    """

    plan: Plan
    design: str


@final
@dataclass(frozen=True)
class Design:
    """What may be varied: every combination is a candidate.

    Parameters
    ----------
    doses
        Weekly doses on days of dosing, relative to maintenance.
    intervals
        Days between doses.
    cycles
        Cycles; ``None`` for doses throughout.
    durations
        Days of the full dose.
    tapers
        Days of a taper to none after it; 0 for none.
    rules
        Restart rules; ``None`` for none.
    visits
        Days between the visits of a rule.
    length
        Days from the origin to the last day, where every regimen ends.
    """

    doses: tuple[float, ...]
    intervals: tuple[float, ...]
    cycles: tuple[Cycle | None, ...]
    durations: tuple[float, ...]
    tapers: tuple[float, ...]
    rules: tuple[HoldRule | None, ...]
    visits: float
    length: float

    @property
    def number(self) -> int:
        """Number of combinations."""
        found = 1
        for options in (self.doses, self.intervals, self.cycles, self.durations, self.tapers,
                        self.rules):  # fmt: skip
            found *= len(options)
        return found

    def candidates(self) -> Iterator[Candidate]:
        """Yield no drug, then every combination with a dose."""
        yield Candidate(Plan(NO_DRUG), NO_DRUG)
        names = _Names.of(self)
        for dose, interval, cycle, duration, taper, rule in product(
            self.doses, self.intervals, self.cycles, self.durations, self.tapers, self.rules
        ):
            # A taper after the last day would be the same regimen again.
            ends = duration >= self.length
            if dose > 0.0 and not (ends and taper != self.tapers[0]):
                shown = 0.0 if ends else taper
                stretches = [Stretch(0.0, duration, dose, interval, cycle=cycle)]
                if shown > 0.0:
                    stop = duration + shown
                    stretches.append(
                        Stretch(duration, stop, dose, interval, 0.0, TAPER_STEPS, cycle)
                    )
                design = names.design(interval, duration, shown, rule)
                name = f"{names.dose(dose, cycle)}, {design}"
                yield Candidate(Plan(name, tuple(stretches), rule, self.visits), design)

    def plans(self) -> Iterator[Plan]:
        """Yield the plan of every candidate."""
        return (candidate.plan for candidate in self.candidates())


@final
@dataclass(frozen=True)
class Goal:
    """What is wanted, and of what; times are days after ``origin``."""

    title: str
    origin: date
    until: date
    targets: tuple[Target, ...]
    limits: tuple[GoalLimit, ...]
    cost: Cost
    design: Design
    events: tuple[EventLimit, ...] = ()

    @property
    def asked(self) -> tuple[Target, ...]:
        """The targets that are limits too."""
        return tuple(target for target in self.targets if target.probability > 0.0)

    @property
    def length(self) -> float:
        """Days from the origin to the last day."""
        return float((self.until - self.origin).days)


@final
@dataclass(frozen=True)
class _Names:
    """Numbers as names of regimens have them: as few digits as tell those of a design apart."""

    doses: Mapping[float, str]
    intervals: Mapping[float, str]
    cycles: Mapping[float, str]
    times: Mapping[float, str]
    counts: Mapping[float, str]
    gaps: Mapping[float, str]
    length: float

    @classmethod
    def of(cls, design: Design) -> "_Names":
        """Return the names of a design."""
        cycles = [cycle for cycle in design.cycles if cycle is not None]
        rules = [rule for rule in design.rules if rule is not None]
        restarts = [rule.cycle for rule in rules]
        return cls(
            doses=_texts(design.doses),
            intervals=_texts(design.intervals, 3),
            cycles=_texts([x for cycle in cycles for x in (cycle.days, cycle.every)]),
            times=_texts([*design.durations, *design.tapers]),
            counts=_texts([count for rule in rules for count in rule.counts]),
            gaps=_texts([c.every for c in restarts if c is not None and c.every], 3),
            length=design.length,
        )

    def dose(self, dose: float, cycle: Cycle | None) -> str:
        """Return the name of a dose."""
        words = f"dose {self.doses[dose]}"
        if cycle is None:
            return words
        return f"{words}, {self.cycles[cycle.days]} d of every {self.cycles[cycle.every]} d"

    def design(self, interval: float, duration: float, taper: float, rule: HoldRule | None) -> str:
        """Return the name of all but the dose."""
        words = [f"every {self.intervals[interval]} d", f"for {self.times[duration]} d"]
        if taper > 0.0:
            left = self.length - duration
            cut = f" cut off after {left:g} d" if left < taper else ""
            words.append(f"taper {self.times[taper]} d{cut}")
        return ", ".join(words if rule is None else [*words, *self.rule(rule)])

    def rule(self, rule: HoldRule) -> Iterator[str]:
        """Yield the words of a rule."""
        if rule.start_below is not None:
            yield f"start below {self.counts[rule.start_below]}"
        if rule.hold_above < ALWAYS:
            yield f"hold above {self.counts[rule.hold_above]}"
        if rule.restart_below > NEVER:
            yield f"restart below {self.counts[rule.restart_below]}{self._cycle(rule.cycle)}"
        if not rule.begins_given:
            yield "held at first"
        yield from self._stop(rule.stop or StopRule())

    def _cycle(self, cycle: RestartCycle | None) -> str:
        if cycle is None:
            return ""
        every = "" if cycle.every is None else f" every {self.gaps[cycle.every]} d"
        return f" by cycles of {cycle.doses}{every}"

    def _stop(self, stop: StopRule) -> Iterator[str]:
        if stop.above < ALWAYS:
            visits = f" at {stop.visits} visits in a row" if stop.visits > 1 else ""
            yield f"stop above {self.counts[stop.above]}{visits}"
        if stop.injections < NO_END:
            yield f"stop after {stop.injections:g} injections"


def _texts(values: Sequence[float], digits: int = 6) -> Mapping[float, str]:
    """Return each number with as few digits, from ``digits`` on, as tell all of them apart."""
    found = {value: f"{value:.{digits}g}" for value in values}
    if len(set(found.values())) < len(found) and digits < EXACT:
        return _texts(values, digits + 1)
    return found
