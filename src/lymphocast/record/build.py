"""Building facts from the values of a case file: what the keys of one mapping owe each other."""

from typing import TypeVar

from lymphocast.record.analytes import ANALYTE_UNITS, suits
from lymphocast.record.context import NormalRange
from lymphocast.record.dosing import Cycle, WrittenDosing, parse_dosing
from lymphocast.record.events import (
    Administration,
    Culture,
    Measurement,
    MissedDoses,
    StatedDuration,
)
from lymphocast.record.figure import Figure, TimeMark, ValueMark
from lymphocast.record.kinds import Printed
from lymphocast.record.misread import Misread
from lymphocast.record.provenance import Method, Provenance
from lymphocast.record.when import When
from lymphocast.units import Quantity, commensurable, number_text

T = TypeVar("T")


def made(kind: type[T], /, **values: object) -> T:
    """Build an object from values that the table of fields has already typed."""
    make: type = kind
    built = make(**values)
    assert isinstance(built, kind)  # noqa: S101  (narrows the type; make is the class)
    return built


def provenance(source: str, locator: str, method: Method, note: str) -> Provenance:
    """Return where a fact stands; what is derived or assumed must say how or why."""
    if method in {Method.DERIVED, Method.ASSUMED} and not note:
        needed = f"a note that says {'how' if method is Method.DERIVED else 'why'}"
        raise Misread(found=f"the method '{method}' without a note", needed=needed)
    return Provenance(source, locator, method, note)


def administration(
    *,
    drug: Printed,
    product: str | None,
    product_provenance: tuple[Provenance, ...],
    printed: tuple[str, ...],
    dosing: str,
    amount: Quantity | None,
    per: float | None,
    divided: int,
    cycle: Cycle | None,
    start: When,
    stop: When,
    titrated_to: str | None,
    titration_steps: int,
    titration_note: str,
    **rest: object,
) -> Administration:
    """Return one stretch of treatment, which cannot stop before it starts."""
    if stop.latest < start.earliest:
        found = f"stop '{stop.text}' (at the latest {stop.latest}) before start '{start.text}'"
        raise Misread(found=found, needed=f"a stop on or after {start.earliest}")
    if titrated_to is not None and not (titration_steps and titration_note):
        needed = "titration_steps and titration_note, which say what is assumed of the steps"
        raise Misread(found="titrated_to without its steps", needed=needed)
    if product_provenance and product is None:
        raise Misread(
            found="product_provenance without a product", needed="the product that is stated there"
        )
    given = _dosing(dosing, amount, per, divided, cycle)
    return made(
        Administration,
        drug=drug.name,
        product=product,
        product_provenance=product_provenance,
        printed=_printed(printed, drug),
        dosing=dosing,
        amount=given.amount,
        per=given.per,
        divided=given.divided,
        cycle=given.cycle,
        start=start,
        stop=stop,
        titrated_to=titrated_to,
        titration_steps=titration_steps,
        titration_note=titration_note,
        **rest,
    )


def _dosing(
    text: str, amount: Quantity | None, per: float | None, divided: int, cycle: Cycle | None
) -> WrittenDosing:
    """Return the dose from its numbers, its words, or both if they agree."""
    if not text:
        if amount is None or per is None:
            missing = "amount" if amount is None else "per"
            raise Misread(found=f"no key '{missing}'", needed="amount and per, or dosing")
        return _checked(WrittenDosing(amount, per, divided, cycle))
    said = parse_dosing(text)
    stated = WrittenDosing(
        said.amount if amount is None else amount,
        said.per if per is None else per,
        said.divided if divided == 1 else divided,
        said.cycle if cycle is None else cycle,
    )
    if stated != said:
        found = f"dosing '{text}', which is {_told(said)}, beside keys that say {_told(stated)}"
        raise Misread(found=found, needed="the same dose in both, or one of them")
    return _checked(said)


def _checked(dosing: WrittenDosing) -> WrittenDosing:
    """Refuse a cycle that is no longer than its days of doses."""
    cycle = dosing.cycle
    if cycle is not None and not cycle.days < cycle.every:
        found = f"a cycle of {cycle.every:g} d with doses on {cycle.days:g} d"
        raise Misread(found=found, needed="'every' longer than 'days'")
    return dosing


def _told(dosing: WrittenDosing) -> str:
    """Return a dose in the words of the keys."""
    cycle = dosing.cycle
    tail = f", {cycle.days:g} d every {cycle.every:g} d" if cycle is not None else ""
    return f"{dosing.amount} per {dosing.per:g} d in {dosing.divided}{tail}"


def missed_doses(
    *,
    dates_known: bool,
    dates: tuple[When, ...],
    start: When | None,
    stop: When | None,
    **rest: object,
) -> MissedDoses:
    """Return doses that were not given; dates are stated only where they are known."""
    if not dates_known and (dates or start is not None or stop is not None):
        raise Misread(found="dates of doses whose dates are not known", needed="dates_known: true")
    if (start is None) != (stop is None):
        raise Misread(
            found="one end of a stretch without doses", needed="both start and stop, or dates"
        )
    if start is not None and stop is not None and stop.latest < start.earliest:
        found = f"stop '{stop.text}' (at the latest {stop.latest}) before start '{start.text}'"
        raise Misread(found=found, needed=f"a stop on or after {start.earliest}")
    return made(MissedDoses, dates_known=dates_known, dates=dates, start=start, stop=stop, **rest)


def measurement(
    *,
    id: str,
    analyte: str,
    value: Quantity,
    reading_error: float | None,
    normal: NormalRange | None,
    provenance: tuple[Provenance, ...],
    **rest: object,
) -> Measurement:
    """Return a laboratory value whose unit, and that of its limits, suits its analyte."""
    limits = (normal.low, normal.high) if normal is not None else ()
    for quantity in (value, *limits):
        if quantity is not None and not suits(analyte, quantity.unit, value.unit):
            found = f"unit '{quantity.unit}' for the measurement '{id}' of {analyte}"
            needed = f"a unit that converts to '{ANALYTE_UNITS.get(analyte, value.unit)}'"
            raise Misread(found=found, needed=needed)
    read = any(p.method is Method.READ_OFF_FIGURE for p in provenance)
    if read and reading_error is None:
        needed = f"reading_error: its standard deviation in {value.unit}, or read_off"
        raise Misread(found=f"the measurement '{id}' read off a figure", needed=needed)
    return made(
        Measurement,
        id=id,
        analyte=analyte,
        value=value,
        reading_error=reading_error,
        normal=normal,
        provenance=provenance,
        **rest,
    )


def calibration(
    *,
    id: str,
    x: tuple[TimeMark, ...],
    y: tuple[ValueMark, ...],
    pixel_error: float,
    logarithmic: bool,
) -> Figure:
    """Return a calibration whose place is not read yet."""
    return Figure(id, "", "", x, y, pixel_error, logarithmic)


def culture(*, organism: Printed, printed: tuple[str, ...], **rest: object) -> Culture:
    """Return cultures reported together."""
    names = _printed(printed, organism)
    return made(Culture, organism=organism.name, printed=names, **rest)


def stated_duration(
    *, length: Quantity, resolution: float | None, **rest: object
) -> StatedDuration:
    """Return a stated length; its resolution is half of the last digit unless given."""
    if resolution is None:
        decimals = number_text(length.value).partition(".")[2]
        resolution = 0.5 * 10.0 ** -len(decimals)
    return made(StatedDuration, length=length, resolution=resolution, **rest)


def normal_range(low: Quantity | None, high: Quantity | None) -> NormalRange:
    """Return limits of normal, at least one of them, the lower below the upper."""
    if low is None and high is None:
        raise Misread(found="limits of normal without a number", needed="low, high or both")
    if low is not None and high is not None and not _below(low, high):
        needed = "a lower limit below the upper, in units that convert"
        raise Misread(found=f"limits from {low} to {high}", needed=needed)
    return NormalRange(low, high)


def _below(low: Quantity, high: Quantity) -> bool:
    """Return whether one limit lies below another of its sort."""
    return commensurable(low.unit, high.unit) and low.to(high.unit).value < high.value


def _printed(names: tuple[str, ...], name: Printed) -> tuple[str, ...]:
    """Add the case file's own misspelling to the names that sources print."""
    extra = (name.misspelling,) if name.misspelling is not None else ()
    return tuple(dict.fromkeys((*names, *extra)))
