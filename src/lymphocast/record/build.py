"""Building facts from the values of a case file: what the keys of one mapping owe each other."""

from lymphocast.record.events import (
    Administration,
    Culture,
    CultureResult,
    Measurement,
    StatedDuration,
)
from lymphocast.record.kinds import Printed
from lymphocast.record.misread import Misread
from lymphocast.record.names import ANALYTE_UNITS
from lymphocast.record.provenance import Method, Provenance
from lymphocast.record.when import When
from lymphocast.units import Quantity, commensurable, number_text


def provenance(source: str, locator: str, method: Method, note: str) -> Provenance:
    """Return where a fact stands; what is derived or assumed must say how or why."""
    if method in {Method.DERIVED, Method.ASSUMED} and not note:
        needed = f"a note that says {'how' if method is Method.DERIVED else 'why'}"
        raise Misread(found=f"the method '{method}' without a note", needed=needed)
    return Provenance(source, locator, method, note)


def administration(
    *,
    id: str,
    drug: Printed,
    product: str | None,
    product_provenance: tuple[Provenance, ...],
    printed: tuple[str, ...],
    amount: Quantity,
    per: float,
    divided: int,
    route: str | None,
    start: When,
    stop: When,
    titrated_to: str | None,
    titration_steps: int,
    titration_note: str,
    provenance: tuple[Provenance, ...],
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
    return Administration(
        id=id,
        drug=drug.name,
        product=product,
        product_provenance=product_provenance,
        printed=_printed(printed, drug),
        amount=amount,
        per=per,
        divided=divided,
        route=route,
        start=start,
        stop=stop,
        titrated_to=titrated_to,
        titration_steps=titration_steps,
        titration_note=titration_note,
        provenance=provenance,
    )


def measurement(
    *,
    id: str,
    analyte: str,
    value: Quantity,
    at: When,
    reading_error: float | None,
    provenance: tuple[Provenance, ...],
) -> Measurement:
    """Return a laboratory value whose unit suits its analyte."""
    unit = ANALYTE_UNITS.get(analyte)
    if unit is not None and not commensurable(value.unit, unit):
        found = f"unit '{value.unit}' for the measurement '{id}' of {analyte}"
        raise Misread(found=found, needed=f"a unit that converts to '{unit}'")
    read = any(p.method is Method.READ_OFF_FIGURE for p in provenance)
    if read and reading_error is None:
        needed = f"reading_error: its standard deviation in {value.unit}"
        raise Misread(found=f"the measurement '{id}' read off a figure", needed=needed)
    return Measurement(id, analyte, value, at, provenance, reading_error)


def culture(
    *,
    id: str,
    specimen: str,
    organism: Printed,
    result: CultureResult,
    number: int,
    number_note: str,
    printed: tuple[str, ...],
    at: When,
    provenance: tuple[Provenance, ...],
) -> Culture:
    """Return cultures reported together."""
    names = _printed(printed, organism)
    return Culture(id, specimen, organism.name, result, number, at, provenance, number_note, names)


def stated_duration(
    *,
    id: str,
    start: str,
    stop: str,
    length: Quantity,
    resolution: float | None,
    provenance: tuple[Provenance, ...],
) -> StatedDuration:
    """Return a stated length; its resolution is half of the last digit unless given."""
    if resolution is None:
        decimals = number_text(length.value).partition(".")[2]
        resolution = 0.5 * 10.0 ** -len(decimals)
    return StatedDuration(id, start, stop, length, resolution, provenance)


def _printed(names: tuple[str, ...], name: Printed) -> tuple[str, ...]:
    """Add the case file's own misspelling to the names that sources print."""
    extra = (name.misspelling,) if name.misspelling is not None else ()
    return tuple(dict.fromkeys((*names, *extra)))
