"""Kinds that plan files and goal files share: days after the origin, doses, cycles.

A *frame* says what words in such a file mean: which day is the origin, what the maintenance dose
is. Errors name the file, the line, what was found and what is needed.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import final

from lymphocast.dataset.maintenance import Maintenance
from lymphocast.errors import RecordError, UnitError
from lymphocast.forecast.plan import Stretch
from lymphocast.record.dosing import Cycle
from lymphocast.record.fields import Field, Group
from lymphocast.record.kinds import Day, JsonObject, Kind, Scope, shown, text_of
from lymphocast.record.misread import Misread
from lymphocast.record.numbers import Days, Measure
from lymphocast.record.yamltree import Node, Scalar, Table, read_tree
from lymphocast.units import Quantity

SIZE_LIMIT = 1_000_000  # bytes; a plan needs a hundredth of it
LONGEST = 20 * 365.25  # days: no forecast of four counts goes further


@final
@dataclass(frozen=True)
class Frame:
    """What times and doses in a file are relative to.

    Parameters
    ----------
    origin, until
        First and last day where a file states none.
    maintenance
        The dose that doses are relative to.
    first
        The first day that an origin can be: before the entry count the model says nothing.
    """

    origin: date
    until: date
    maintenance: Maintenance
    first: date

    @property
    def length(self) -> float:
        """Days from the origin to the last day."""
        return float((self.until - self.origin).days)


@final
@dataclass(frozen=True)
class AfterOrigin(Kind):
    """A day of the calendar, or a length of time after the origin; kept as days after it."""

    frame: Frame

    def read(self, node: Node, scope: Scope) -> float:
        """Return the value of a node."""
        day = day_of(node, scope, self.frame.origin)
        days = float((day - self.frame.origin).days)
        if days < 0.0:
            needed = f"a day from the origin on, {self.frame.origin}"
            raise scope.error(node, shown(text_of(node, scope)), needed)
        return days

    def schema(self) -> JsonObject:
        """Return the JSON Schema."""
        return {"type": "string"}


def day_of(node: Node, scope: Scope, origin: date) -> date:
    """Return the day that a node names, by date or by the time after the origin."""
    text = text_of(node, scope)
    if text[:4].isdigit() and text[4:5] == "-":
        return Day().read(node, scope)
    if text == "0":
        return origin
    try:
        days = Measure("d", zero=True).read(node, scope).to("d").value
    except RecordError:
        needed = "a day such as 2008-06-30, or a time after the origin such as 180 d or 2 a"
        raise scope.error(node, shown(text), needed) from None
    if days > LONGEST:
        raise scope.error(node, shown(text), "at most 20 years")
    return origin + timedelta(days=round(days))


@final
@dataclass(frozen=True)
class Share(Kind):
    """A number from 0 to 1, ``least`` excluded or not."""

    zero: bool = True

    def read(self, node: Node, scope: Scope) -> float:
        """Return the value of a node."""
        text = text_of(node, scope)
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not (0.0 <= value <= 1.0) or (value == 0.0 and not self.zero):
            low = "0" if self.zero else "above 0"
            raise scope.error(node, shown(text), f"a number from {low} to 1")
        return value

    def schema(self) -> JsonObject:
        """Return the JSON Schema."""
        return {"type": "number"}


CYCLE = Group(
    (
        Field("given", Days(), "days of doses in each cycle"),
        Field("every", Days(), "length of a cycle"),
    ),
    lambda given, every: _cycle(given, every),
)


def _cycle(given: float, every: float) -> Cycle:
    if given > every:
        raise Misread(found=f"{given:g} d given every {every:g} d", needed="given at most every")
    return Cycle(given, every)


def weekly_dose(
    maintenance: Maintenance,
    dose: float | None,
    amount: Quantity | None,
    per: float | None,
    drug: str | None,
    product: str | None,
) -> float:
    """Return a weekly dose relative to maintenance from what a file says of it.

    Raises
    ------
    Misread
        If it says nothing or two things, or names another drug, product or unit.
    """
    check_product(maintenance, drug, product)
    if (dose is None) == (amount is None):
        found = "no dose" if dose is None else "both a dose and an amount"
        raise Misread(found=found, needed="either 'dose', relative to the maintenance dose, or "
                      "'amount' with 'per'")  # fmt: skip
    if dose is not None:
        if per is not None:
            raise Misread(found="'per' beside a 'dose'", needed="'per' beside an 'amount' only: a "
                          "'dose' is weekly")  # fmt: skip
        return dose
    if amount is None or per is None:
        raise Misread(found="an amount without 'per'", needed="'per', such as 7 d")
    return relative_amount(maintenance, Quantity(amount.value * 7.0 / per, amount.unit))


def relative_amount(maintenance: Maintenance, amount: Quantity) -> float:
    """Return an amount relative to the weekly maintenance dose; ``Misread`` in another unit."""
    try:
        return maintenance.relative(amount)
    except UnitError:
        needed = f"an amount in the record's own unit, {maintenance.weekly.unit}, or a 'dose'"
        raise Misread(found=f"an amount in {amount.unit}", needed=needed) from None


def check_product(maintenance: Maintenance, drug: str | None, product: str | None) -> None:
    """Refuse a drug or product that the patient has not had."""
    if drug is not None and drug != maintenance.drug:
        needed = f"'{maintenance.drug}', the drug whose effect on the count the model knows"
        raise Misread(found=f"the drug '{drug}'", needed=needed)
    if product is not None and product != maintenance.product:
        has = f"'{maintenance.product}'" if maintenance.product else "no product named"
        raise Misread(
            found=f"the product '{product}'",
            needed=f"the product of the record, {has}: units of one are not units of another",
        )


def read_root(path: Path, what: str) -> Table:
    """Return the mapping that a YAML or JSON file holds; ``what`` says what the file is."""
    try:
        with path.open("rb") as file:
            content = file.read(SIZE_LIMIT + 1)
    except OSError as error:
        reason = (error.strerror or "an error").lower()
        raise RecordError(path.name, None, reason, "a file that can be read") from error
    if len(content) > SIZE_LIMIT:
        raise RecordError(path.name, None, "a file over 1 MB", what)
    text = content.decode("utf-8-sig", errors="replace")
    if not text.strip():
        raise RecordError(path.name, 1, "an empty file", what)
    root = read_tree(text, path.name)
    if not isinstance(root, Table):
        raise RecordError(path.name, root.line, "a text or list", what)
    return root


def made_stretch(
    dose: float,
    start: float,
    stop: float,
    to: float | None,
    steps: int,
    cycle: Cycle | None,
    interval: float,
) -> Stretch:
    """Return a stretch from the keys of a file.

    Raises
    ------
    Misread
        If it ends before it begins, or one of ``to`` and ``steps`` stands alone.
    """
    if stop <= start:
        raise Misread(found=f"a stretch from day {start:g} to day {stop:g}", needed="start < stop")
    if (to is None) != (steps == 0):
        raise Misread(found="'to' or 'steps' alone", needed="both, or neither")
    return Stretch(float(start), float(stop), dose, interval, to or 0.0, steps, cycle)


def framed(root: Table, scope: Scope, frame: Frame) -> Frame:
    """Return the frame with the origin and the last day that a file states, if any."""
    origin, until = frame.origin, frame.until
    node = root.get("origin")
    if node is not None and not _is_empty(node):
        origin, latest = Day().read(node, scope), frame.origin + timedelta(days=LONGEST)
        if not frame.first <= origin <= latest:
            needed = f"a day from {frame.first}, that of the entry count, to {latest}"
            raise scope.error(node, shown(text_of(node, scope)), needed)
        until = origin + (frame.until - frame.origin)
    node = root.get("until")
    if node is not None and not _is_empty(node):
        until = day_of(node, scope, origin)
        if not is_ahead(until, origin):
            raise scope.error(node, shown(text_of(node, scope)), ahead_of(origin))
    return replace(frame, origin=origin, until=until)


def is_ahead(until: date, origin: date) -> bool:
    """Return whether a day can be the last of a forecast from another."""
    return 0.0 < (until - origin).days <= LONGEST


def ahead_of(origin: date) -> str:
    """Return what the last day of a forecast needs to be, for messages."""
    return f"a day within 20 years after {origin}"


def _is_empty(node: Node) -> bool:
    return isinstance(node, Scalar) and node.empty
