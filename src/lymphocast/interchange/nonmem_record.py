"""A patient's record as NONMEM-style data: doses, laboratory values and cultures of one individual.

Columns: ID, TIME, EVID, AMT, RATE, II, ADDL, SS, CMT, DV, MDV, DVID, CENS, LIMIT.

- TIME is in days from the first row. An uncertain time stands at its middle, on the day where the
  analysis places it if it does, and an anchored one at its distance from there. Of the same time,
  observations stand before doses: they see the state before the dose.
- Each drug is a compartment (CMT) with amounts in one unit; a stretch of treatment is one row with
  ADDL and II, a titration one row a step, a cycle one row a cycle. Every first dose is given at the
  start of its stretch.
- Each analyte, in its own unit, is an endpoint (DVID), and so is each organism cultured: 1 is
  positive, 0 negative, one row a culture.
- CENS is 1 for a value below DV, -1 for one above it, as nlmixr2 has it; LIMIT is left open, which
  makes it the M3 method. NONMEM reads the two columns as any other.

A file of numbers cannot say what they are: the account tells it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil
from typing import Final, final

from lymphocast.dataset.project import day_zero
from lymphocast.errors import ExchangeError, UnitError
from lymphocast.interchange.exchange import EXCERPT, Dropped, Exported
from lymphocast.interchange.nonmem import ITEMS
from lymphocast.interchange.nonmem_write import MISSING, item, table_bytes
from lymphocast.record.analytes import in_own_unit
from lymphocast.record.body import absolute_amount
from lymphocast.record.casefile import case_tree
from lymphocast.record.context import Limit
from lymphocast.record.events import Administration, CultureResult
from lymphocast.record.patient import PatientRecord
from lymphocast.record.when import When

COLUMNS: Final = (*ITEMS, "DVID", "CENS", "LIMIT")
CENSORED: Final = {None: "0", Limit.BELOW: "1", Limit.ABOVE: "-1"}
RESULTS: Final = {CultureResult.POSITIVE: 1.0, CultureResult.NEGATIVE: 0.0}
DIGITS = 12  # significant digits of an amount: sums and ratios of printed numbers have fewer
SAME = 1e-9  # days: a dose that would fall on the end of its stretch is not given
NO_PLACE: Final = "NONMEM data have no place for it"
ONE_TIME: Final = "TIME is one number"
NAME_LOST: Final = "the file holds numbers only: this is what they are"
CARRIED: Final[Mapping[str, frozenset[str]]] = {
    "administrations": frozenset(
        {"drug", "amount", "per", "divided", "cycle", "start", "stop", "titrated_to",
         "titration_steps"}
    ),
    "measurements": frozenset({"analyte", "value", "at", "limit"}),
    "cultures": frozenset({"organism", "result", "number", "at"}),
}  # fmt: skip
"""Keys of the facts whose content stands in the file; names are told by the account."""


@final
@dataclass(frozen=True)
class _Given:
    """Equal doses: when, how much, how far apart, how many more."""

    time: float
    amount: float
    interval: float
    additional: int


@final
@dataclass(frozen=True)
class _Line:
    """One row: its time, its place among rows of the same time, its cells by column."""

    time: float
    rank: int
    cells: Mapping[str, str]


def write_nonmem(record: PatientRecord) -> Exported:
    """Write a record as NONMEM-style data of one individual.

    Raises
    ------
    ExchangeError
        If the record has no dose and no value to write.
    """
    writing = _Writing(record)
    lines = sorted((*writing.observations(), *writing.doses()), key=lambda r: (r.time, r.rank))
    if not lines:
        found = f"record '{record.id}' without a dose, a laboratory value or a culture"
        raise ExchangeError(record.id, None, found, "at least one of them")
    first = lines[0].time
    rows = [_cells(line, first) for line in lines]
    return Exported(table_bytes(COLUMNS, rows), (*writing.legend(first), *writing.dropped))


def _cells(line: _Line, first: float) -> list[str]:
    """Return the cells of a row, in the order of the columns."""
    own = {"ID": "1", "TIME": item(round(line.time - first, 9)), **line.cells}
    return [own.get(column, MISSING) for column in COLUMNS]


@final
class _Writing:
    """One record on its way into the file, and the account of what stays behind."""

    def __init__(self, record: PatientRecord) -> None:
        self.record = record
        self.zero = _origin(record)
        self.dropped: list[Dropped] = list(_left_out(record))
        self.units: dict[str, str] = {}
        self.endpoints: dict[str, str] = {}

    def day(self, when: When, fact: str) -> float:
        """Return the study day of a time: nominal, at a distance from its anchor, or the middle."""
        nominal = self.record.nominal_day(fact)
        if nominal is not None:
            return float((nominal - self.zero).days)
        if when.anchor is not None:
            return self.day(self.record.when_of(when.anchor), when.anchor) + when.offset
        early, late = (float((day - self.zero).days) for day in (when.earliest, when.latest))
        return 0.5 * (early + late)

    def told(self, when: When, fact: str, path: str) -> float:
        """Return the study day of a time, and list the time if it is not known to the day."""
        day = self.day(when, fact)
        if when.days > 1 or when.anchor is not None:
            found = f"{when.text}, for which day {day:g} of the treatment stands"
            self.dropped.append(Dropped(path, found, ONE_TIME))
        return day

    def legend(self, first: float) -> Iterator[Dropped]:
        """Say what the numbers of the file stand for."""
        yield Dropped("TIME 0", f"day {first:g} counted from {self.zero}", NAME_LOST)
        for number, (drug, unit) in enumerate(self.units.items(), 1):
            yield Dropped(f"CMT {number}", f"{drug}, AMT in {unit}", NAME_LOST)
        for number, (endpoint, unit) in enumerate(self.endpoints.items(), 1):
            yield Dropped(f"DVID {number}", f"{endpoint}, {unit}", NAME_LOST)

    def observations(self) -> Iterator[_Line]:
        """Return a row for each laboratory value and each culture."""
        for m in self.record.measurements:
            value = in_own_unit(m.analyte, m.value)
            time = self.told(m.at, m.id, f"measurements[{m.id}].at")
            name = self.endpoint(m.analyte, f"DV in {value.unit}")
            yield _observation(time, value.value, name, CENSORED[m.limit])
        for c in self.record.cultures:
            time = self.told(c.at, c.id, f"cultures[{c.id}].at")
            if c.result not in RESULTS:
                self.dropped.append(Dropped(f"cultures[{c.id}]", str(c.result), NO_PLACE))
                continue
            name = self.endpoint(f"culture of {c.organism}", "DV 1 positive, 0 negative")
            for _ in range(c.number):
                yield _observation(time, RESULTS[c.result], name, "0")

    def endpoint(self, name: str, unit: str) -> str:
        """Return the number of an endpoint."""
        self.endpoints.setdefault(name, unit)
        return str(list(self.endpoints).index(name) + 1)

    def doses(self) -> Iterator[_Line]:
        """Return the rows of each stretch of treatment."""
        for a in self.record.administrations:
            path = f"administrations[{a.id}]"
            start = self.told(a.start, "", f"{path}.start")
            stop = self.told(a.stop, "", f"{path}.stop")
            scale = self.scale(a, path)
            if scale is not None:
                number = str(list(self.units).index(a.drug) + 1)
                for given in self.given(a, start, stop):
                    yield _dose(given, scale, number)

    def scale(self, a: Administration, path: str) -> float | None:
        """Return the drug's own unit in terms of a stretch's; ``None`` if they do not convert."""
        amount = absolute_amount(a.amount, self.record.demographics) or a.amount
        unit = self.units.setdefault(a.drug, amount.unit)
        try:
            return amount.to(unit).value / a.amount.value
        except UnitError as error:
            self.dropped.append(Dropped(path, str(a.amount), str(error)))
            return None

    def given(self, a: Administration, start: float, stop: float) -> Iterator[_Given]:
        """Return the doses of a stretch in the unit that it states."""
        apart, one = a.per / a.divided, a.one_dose.value
        if a.titrated_to is not None:
            target = self.record.administration(a.titrated_to)
            rise = target.weekly(a.amount.unit) / a.weekly(a.amount.unit) - 1.0
            length = (stop - start) / a.titration_steps
            for step in range(a.titration_steps):
                amount = one * (1.0 + rise * step / a.titration_steps)
                begin = start + step * length
                yield _equal(begin, begin + length, apart, amount)
        elif a.cycle is not None:
            for cycle in range(max(ceil((stop - start) / a.cycle.every - SAME), 1)):
                begin = start + cycle * a.cycle.every
                yield _equal(begin, min(begin + a.cycle.days, max(stop, begin)), apart, one)
        else:
            yield _equal(start, stop, apart, one)


def _equal(start: float, stop: float, apart: float, amount: float) -> _Given:
    """Return equal doses from the start until before the stop, one at least."""
    number = max(ceil((stop - start) / apart - SAME), 1)
    return _Given(start, amount, apart, number - 1)


def _dose(given: _Given, scale: float, compartment: str) -> _Line:
    """Return the row of equal doses."""
    more = {"II": item(given.interval), "ADDL": str(given.additional)} if given.additional else {}
    amount = float(f"{given.amount * scale:.{DIGITS}g}")
    cells = {"EVID": "1", "AMT": item(amount), "CMT": compartment, "MDV": "1", **more}
    return _Line(given.time, 1, cells)


def _observation(time: float, value: float, endpoint: str, censored: str) -> _Line:
    """Return the row of one observation."""
    cells = {"EVID": "0", "DV": item(value), "MDV": "0", "DVID": endpoint, "CENS": censored}
    return _Line(time, 0, cells)


def _origin(record: PatientRecord) -> date:
    """Return study day 0: that of the analysis, else the first dose or the first fact."""
    if record.modelling is not None:
        return day_zero(record)
    starts = [a.start.midpoint for a in record.administrations]
    dated = [fact.at.midpoint for fact in record.dated() if fact.at is not None]
    return min(starts or dated, default=date(1, 1, 1))


def _left_out(record: PatientRecord) -> Iterator[Dropped]:
    """List everything of a record that no column holds."""
    for key, value in case_tree(record).items():
        if not isinstance(value, Sequence) or isinstance(value, str):
            yield Dropped(key, _excerpt(value), NO_PLACE)
            continue
        for fact in value:
            rest = sorted(set(fact) - CARRIED.get(key, frozenset()) - {"id"})
            found = ", ".join(rest) if key in CARRIED else _excerpt(fact)
            if rest:
                yield Dropped(f"{key}[{fact['id']}]", found, NO_PLACE)


def _excerpt(value: object) -> str:
    """Return a value as one short text."""
    text = ", ".join(map(str, value)) if isinstance(value, Mapping) else str(value)
    return text if len(text) <= EXCERPT else f"{text[: EXCERPT - 1]}…"
