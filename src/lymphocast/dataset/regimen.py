"""Dose events and regimens: what the engine gives, by study day, amount and compartment."""

from dataclasses import dataclass
from enum import Enum
from typing import final

from lymphocast.errors import UsageError


@final
class Entry(Enum):
    """How a dose enters its compartment."""

    DEFAULT = "over the dose's duration, else over the model's, else at once"
    BOLUS = "at once, whatever the model says"
    FIXED_RATE = "at the dose's rate"
    MODELLED_RATE = "at a rate that the model sets"
    MODELLED_DURATION = "over a duration that the model sets"


@final
@dataclass(frozen=True)
class DoseEvent:
    """One dose: NONMEM's TIME, AMT, CMT and how it enters.

    A bioavailable fraction F of the model multiplies the amount: over a given duration it scales
    the rate, at a fixed rate it scales the duration, which becomes F amount / rate (NONMEM Users
    Guide, part VI, PREDPP, chapter III).

    Parameters
    ----------
    time
        Study day on which the dose is given; a lag of the model is added by the engine.
    amount
        Amount in the compartment's unit.
    compartment
        Name of the state that the dose enters, prefixed by its component in a composed model.
    duration
        Days over which the amount enters at a constant rate; with 0 it enters over the model's
        ``Dosing.duration``, and at once if that is 0 too.
    rate
        Rate of input per day, read only if ``entry`` is ``FIXED_RATE``.
    entry
        How it enters; what a record's RATE says is never left to the default.
    """

    time: float
    amount: float
    compartment: str
    duration: float = 0.0
    rate: float = 0.0
    entry: Entry = Entry.DEFAULT


@final
@dataclass(frozen=True)
class Regimen:
    """A rule that generates dose events: ``count`` equal doses, ``interval`` days apart.

    Parameters
    ----------
    amount
        Amount of each dose in the compartment's unit.
    interval
        Days from one dose to the next.
    count
        Number of doses.
    compartment
        Name of the state that the doses enter.
    duration
        Days over which each dose enters, as in :class:`DoseEvent`; it may be longer than the
        interval.

    Raises
    ------
    UsageError
        If the amount or the duration is negative, the count is below 1, or several doses have no
        positive interval.
    """

    amount: float
    interval: float
    count: int
    compartment: str
    duration: float = 0.0

    def __post_init__(self) -> None:
        """Check the numbers."""
        for name, value in (("amount", self.amount), ("duration", self.duration)):
            if not value >= 0.0:
                msg = f"regimen of '{self.compartment}': {name} {value:g}; needed 0 or more"
                raise UsageError(msg)
        if self.count < 1:
            msg = f"regimen of '{self.compartment}': {self.count} doses; needed at least 1"
            raise UsageError(msg)
        if self.count > 1 and not self.interval > 0.0:
            msg = (
                f"regimen of '{self.compartment}': {self.count} doses, interval "
                f"{self.interval:g}; needed an interval above 0"
            )
            raise UsageError(msg)

    def events(self, start: float) -> tuple[DoseEvent, ...]:
        """Return the dose events, the first on study day ``start``."""
        return tuple(
            DoseEvent(start + k * self.interval, self.amount, self.compartment, self.duration)
            for k in range(self.count)
        )
