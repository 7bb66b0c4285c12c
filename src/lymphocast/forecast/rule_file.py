"""The part of a plan, goal or protocol file that says by what counts the drug is given.

::

    rule: {hold_above: 500, restart_below: 350}
    rule: {start_below: 350, stop: {above: 500, visits: 2}}
    rule: {begins: held, restart_below: 550, cycle: {doses: 3, every: 7 d}, stop: {injections: 12}}

A key that would say nothing without another is an error.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

from lymphocast.errors import RecordError, UsageError
from lymphocast.forecast.policy import ALWAYS, NEVER, NO_END, HoldRule, RestartCycle, StopRule
from lymphocast.record.fields import Field, Group
from lymphocast.record.kinds import JsonObject, Kind, Scope, Word, shown, text_of
from lymphocast.record.misread import Misread
from lymphocast.record.numbers import Days, Number, Whole
from lymphocast.record.yamltree import Node

LEADS = "'hold_above', or 'begins: held'"


@final
@dataclass(frozen=True)
class Times(Kind):
    """How often something happens, at least once; ``key`` is where it stands."""

    key: str

    def read(self, node: Node, scope: Scope) -> int:
        """Return the value of a node."""
        try:
            return Whole().read(node, scope)
        except RecordError as error:
            found = f"'{self.key}' of {shown(text_of(node, scope))}"
            raise scope.error(node, found, error.needed) from None

    def schema(self) -> JsonObject:
        """Return the JSON Schema."""
        return Whole().schema()


RESTART_CYCLE = Group(
    (
        Field("doses", Times("doses"), "how many doses a restart gives"),
        Field("every", Days(), "time between them; that of the planned doses", False),
    ),
    RestartCycle,
)


def _stop(above: float | None, visits: int | None, injections: int | None) -> StopRule:
    if above is None and visits is not None:
        raise Misread(found="'visits' without 'above'", needed="the count that a stop looks for")
    if above is None and injections is None:
        needed = "'above' (at so many 'visits'), 'injections', or both"
        raise Misread(found="a 'stop' that says nothing", needed=needed)
    return StopRule(
        ALWAYS if above is None else above,
        visits or 1,
        NO_END if injections is None else injections,
    )


STOP = Group(
    (
        Field("above", Number(), "measured count above which the drug ends for good", False),
        Field("visits", Times("visits"), "at so many visits in a row; one", False),
        Field("injections", Times("injections"), "injections after which it ends", False),
    ),
    _stop,
)


def _faults(
    start: float | None,
    hold: float | None,
    restart: float | None,
    begins: str | None,
    cycle: RestartCycle | None,
) -> Iterator[tuple[str, str]]:
    """Yield each key that says nothing beside the others or without one, and what is needed."""
    if start is not None and begins is not None:
        yield "'begins' beside 'start_below'", "one of them: 'start_below' says how it begins"
    if restart is None:
        if hold is not None:
            needed = "both, or a 'stop' that ends the drug for good"
            yield "'hold_above' without 'restart_below'", needed
        if cycle is not None:
            yield "a 'cycle' without 'restart_below'", "the count below which one begins"
        if begins == "held":
            yield "'begins: held' without 'restart_below'", "the count below which it begins"
    elif hold is None and cycle is None:
        needed = "'hold_above' or a 'cycle', after which there is something to restart"
        yield "'restart_below' alone", needed
    elif hold is None and begins != "held":
        yield "a 'restart_below' to which nothing leads", LEADS


def _rule(
    start_below: float | None,
    hold_above: float | None,
    restart_below: float | None,
    begins: str | None,
    cycle: RestartCycle | None,
    stop: StopRule | None,
) -> HoldRule:
    for found, needed in _faults(start_below, hold_above, restart_below, begins, cycle):
        raise Misread(found=found, needed=needed)
    if all(part is None for part in (start_below, hold_above, restart_below, stop)):
        needed = "'hold_above' with 'restart_below', 'start_below', 'cycle' or 'stop'"
        raise Misread(found="a rule that says nothing", needed=needed)
    try:
        return HoldRule(
            ALWAYS if hold_above is None else hold_above,
            NEVER if restart_below is None else restart_below,
            begins != "held",
            start_below,
            cycle,
            stop,
        )
    except UsageError as error:
        raise Misread.of(error) from None


RULE = Group(
    (
        Field("start_below", Number(), "measured count that the first dose waits for", False),
        Field("hold_above", Number(), "measured count in cells/uL above which it is held", False),
        Field("restart_below", Number(), "measured count below which it is given again", False),
        Field("begins", Word(("given", "held")), "before the first visit; given", False),
        Field("cycle", RESTART_CYCLE, "what a restart gives", False),
        Field("stop", STOP, "what ends the drug for good", False),
    ),
    _rule,
)
