"""What NONMEM-style data mean: order at equal times, ADDL, II, SS, RATE, MDV against EVID.

The report reads a file line by line without a model, so that it can speak of what the reader of
:mod:`lymphocast.interchange.nonmem` refuses. The meaning of each item is that of
:mod:`lymphocast.dataset.events`, with its sources.
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Final, final

from lymphocast.dataset.events import (
    SAME_TIME,
    EventKind,
    EventRecord,
    SteadyState,
    fault_of,
)
from lymphocast.errors import ExchangeError
from lymphocast.interchange.csvfile import text_of
from lymphocast.interchange.nonmem import ITEMS, NOTHING, NUMBER
from lymphocast.record.issue import Issue, Severity

NEEDED: Final = "NONMEM-style data: a line of column names with TIME, and records"
CENSORING: Final = ("CENS", "LIMIT")
MOST_SHOWN = 4  # times or lines named in one sentence
WARNING, INFO, ERROR = Severity.WARNING, Severity.INFO, Severity.ERROR


@final
@dataclass(frozen=True)
class _Line:
    """One record as it stands: its line, its individual, its items as text."""

    number: int
    id: str
    cells: Mapping[str, str]

    @property
    def path(self) -> str:
        """Its place."""
        return f"line {self.number}"

    def given(self, column: str) -> str | None:
        """The text of an item, or ``None`` if it holds no value."""
        text = self.cells.get(column, "")
        return None if text in NOTHING else text

    def value(self, column: str) -> float:
        """The number of an item; 0 for none."""
        text = self.given(column)
        return float(text) if text is not None and _is_number(text) else 0.0

    @property
    def kind(self) -> int:
        """EVID, stated or as the other items say."""
        if "EVID" in self.cells:
            return int(self.value("EVID"))
        if any(self.value(column) for column in ("AMT", "RATE", "SS")):
            return EventKind.DOSE
        return EventKind.OTHER if self.value("MDV") == 1 else EventKind.OBSERVATION

    @property
    def what(self) -> str:
        """The record in words."""
        names = ("observation", "dose", "other event", "reset", "reset and dose")
        return f"{names[self.kind] if 0 <= self.kind < len(names) else 'record'} ({self.path})"


def _is_number(text: str) -> bool:
    """Return whether a text is a finite number."""
    return NUMBER.fullmatch(text) is not None and isfinite(float(text))


def nonmem_report(content: bytes, name: str) -> tuple[Issue, ...]:
    """Return what the records of NONMEM-style data mean, and where they contradict themselves.

    An ``error`` is what the reader of events refuses, a ``warning`` what programs read
    differently or what is probably not meant, ``info`` what the records ask for.

    Parameters
    ----------
    content
        The bytes of a CSV file with a line of column names.
    name
        Its name, for errors.

    Raises
    ------
    ExchangeError
        If it is not CSV with a column TIME and at least one record.
    """
    columns, lines = _read(content, name)
    found = [*_column_issues(columns, lines), *_order_of_individuals(lines)]
    own: dict[str, list[_Line]] = {}
    for line in lines:
        own.setdefault(line.id, []).append(line)
    for records in own.values():
        before: _Line | None = None
        for line in records:
            for rule in RULES:
                found += rule(line)
            found += _refused(line, before)
            before = line
        found += _same_times(records)
        found += _additional_at_records(records)
    return tuple(found)


def _n(value: float) -> str:
    """Return a number as a sentence shows it."""
    return f"{value:.10g}"


def _read(content: bytes, name: str) -> tuple[tuple[str, ...], list[_Line]]:
    """Return the column names and the records."""
    reader = csv.reader(io.StringIO(text_of(content, name), newline=""), strict=True)
    columns: tuple[str, ...] = ()
    lines: list[_Line] = []
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if not any(stripped):
                continue
            if not columns:
                columns = tuple(cell.upper() for cell in stripped)
                continue
            if len(stripped) != len(columns):
                needed = f"{len(columns)}, one for each column"
                place = f"line {reader.line_num}"
                raise ExchangeError(name, place, f"{len(stripped)} cells", needed)
            items = dict(zip(columns, stripped, strict=True))
            lines.append(_Line(reader.line_num, items.get("ID", "1"), items))
    except csv.Error as error:
        place = f"line {reader.line_num}"
        raise ExchangeError(name, place, f"no CSV ({error})", NEEDED) from None
    if "TIME" not in columns or not lines:
        found = f"the columns {', '.join(columns) or 'none'}"[:200] if lines else "no record"
        raise ExchangeError(name, None, found, NEEDED)
    return columns, lines


def _column_issues(columns: Sequence[str], lines: Sequence[_Line]) -> Iterator[Issue]:
    """Say what the columns are, and which nothing reads."""
    kinds = [line.kind for line in lines]
    counts = ", ".join(
        f"{kinds.count(kind)} {EventKind(kind).name.lower().replace('_', ' ')}"
        for kind in sorted(set(kinds) & set(EventKind))
    )
    who = len({line.id for line in lines})
    whose = f"{who} individuals" if who > 1 else "one individual"
    text = f"{len(lines)} records of {whose}: {counts}. TIME is in days."
    yield Issue(INFO, "records", "the file", text)
    others = [c for c in columns if c not in ITEMS]
    if others:
        text = f"Read only if asked for, as covariates: {', '.join(others)}."
        yield Issue(INFO, "columns", "the header", text)
    if "EVID" not in columns:
        text = (
            "No EVID: a record is a dose if AMT, RATE or SS is not 0, else an other-type event if "
            "MDV is 1, else an observation."
        )
        yield Issue(INFO, "no-evid", "the header", text)
    censoring = [c for c in CENSORING if c in columns]
    if censoring:
        text = (
            f"{' and '.join(censoring)}: nlmixr2 reads CENS 1 as a value below DV and -1 as one "
            "above it; NONMEM and the simulator here read DV as it stands."
        )
        yield Issue(WARNING, "censoring", "the header", text)


def _order_of_individuals(lines: Sequence[_Line]) -> Iterator[Issue]:
    """Find individuals whose records do not stand together."""
    seen: set[str] = set()
    for before, line in zip((None, *lines), lines, strict=False):
        if before is None or line.id != before.id:
            if line.id in seen:
                text = (
                    f"ID {line.id} again after another individual: NONMEM takes it for a new "
                    "individual; the reader here refuses it."
                )
                yield Issue(ERROR, "id-again", line.path, text)
            seen.add(line.id)


def _numbers(line: _Line) -> Iterator[Issue]:
    """Find items that are no numbers."""
    for column in ITEMS:
        text = line.given(column)
        if column in ("ID", "CMT") or text is None or _is_number(text):
            continue
        clock = "clock times" if column == "TIME" and ":" in text else f"'{text[:40]}'"
        yield Issue(ERROR, "no-number", line.path, f"{column} is {clock}; needed a number.")
    if line.given("TIME") is None:
        yield Issue(ERROR, "no-time", line.path, "TIME is empty; needed the time in days.")


def _missing_values(line: _Line) -> Iterator[Issue]:
    """Compare MDV and DV with EVID."""
    stated, value = line.given("MDV"), line.given("DV")
    hidden = value is not None and line.value("DV") != 0.0
    if line.kind == EventKind.OBSERVATION:
        if stated is not None and line.value("MDV") == 1 and hidden:
            text = f"MDV 1 hides the observation {value}: it is not fitted."
            yield Issue(WARNING, "mdv-hides-value", line.path, text)
        if line.value("MDV") == 0 and value is None:
            text = "An observation without DV and MDV 1: NONMEM reads it as 0, it is none here."
            yield Issue(WARNING, "empty-observation", line.path, text)
        return
    if stated is not None and line.value("MDV") == 0:
        text = f"MDV 0 beside EVID {line.kind}: such a record has no observation, MDV must be 1."
        yield Issue(WARNING, "mdv-against-evid", line.path, text)
    if hidden:
        text = f"DV {value} on a record with EVID {line.kind} is ignored."
        yield Issue(WARNING, "value-ignored", line.path, text)


def _additional(line: _Line) -> Iterator[Issue]:
    """Say what ADDL and II expand to."""
    number, interval, steady = line.value("ADDL"), line.value("II"), line.value("SS")
    if number > 0 and interval > 0:
        start = line.value("TIME")
        last = start + number * interval
        text = (
            f"ADDL {_n(number)} with II {_n(interval)}: {_n(number + 1)} doses of "
            f"{_n(line.value('AMT'))}, {_some_times(line)}; the last at {_n(last)}."
        )
        yield Issue(INFO, "additional-doses", line.path, text)
    elif interval > 0 and not number and not steady:
        text = f"II {_n(interval)} without ADDL or SS means nothing."
        yield Issue(WARNING, "interval-alone", line.path, text)


def _some_times(line: _Line) -> str:
    """Name the first of the doses of a record."""
    start, interval = line.value("TIME"), line.value("II")
    number = int(min(line.value("ADDL") + 1, MOST_SHOWN))
    times = ", ".join(f"{_n(start + k * interval)}" for k in range(number))
    return f"at {times}" + (", ..." if line.value("ADDL") + 1 > MOST_SHOWN else "")


def _steady(line: _Line) -> Iterator[Issue]:
    """Say what SS asks for."""
    state, interval, amount = line.value("SS"), line.value("II"), line.value("AMT")
    if state not in (SteadyState.REPLACE, SteadyState.ADD):
        return
    if amount == 0.0:
        text = f"SS {_n(state)} with AMT 0: the steady state of an infusion that ends here."
    else:
        text = (
            f"SS {_n(state)}: the steady state of {_n(amount)} every {_n(interval)} d for ever, "
            "with this dose the last."
        )
    if state == SteadyState.REPLACE:
        text += " It replaces what is there and cancels earlier doses."
    else:
        text += " It is added to what is there, which means something in linear models only."
    if line.value("ADDL") > 0:
        text += " The additional doses are ordinary ones."
    yield Issue(WARNING if state == SteadyState.ADD else INFO, "steady-state", line.path, text)


def _rate(line: _Line) -> Iterator[Issue]:
    """Say what RATE asks for."""
    rate, amount = line.value("RATE"), line.value("AMT")
    if rate == -1.0:
        text = "RATE -1: the model sets the rate of input (R1 in NONMEM); it must have one."
        yield Issue(WARNING, "modelled-rate", line.path, text)
    elif rate == -2.0:
        text = "RATE -2: the model sets the duration of input (D1 in NONMEM); it must have one."
        yield Issue(WARNING, "modelled-duration", line.path, text)
    elif rate > 0.0 and amount > 0.0:
        text = f"RATE {_n(rate)}: an infusion of {_n(amount / rate)} d, if all of it is available."
        yield Issue(INFO, "infusion", line.path, text)


def _zero(line: _Line) -> Iterator[Issue]:
    """Find observations of exactly 0 that nothing marks as censored."""
    observed = line.kind == EventKind.OBSERVATION and line.value("MDV") == 0
    told = "CENS" in line.cells or "DVID" in line.cells
    if observed and not told and line.given("DV") is not None and line.value("DV") == 0.0:
        text = "DV 0: if it is below the limit of quantification, it is no observation of 0."
        yield Issue(WARNING, "zero-observation", line.path, text)


RULES: Final[tuple[Callable[[_Line], Iterator[Issue]], ...]] = (
    _numbers,
    _missing_values,
    _additional,
    _steady,
    _rate,
    _zero,
)


def _refused(line: _Line, before: _Line | None) -> Iterator[Issue]:
    """Say what the reader of events refuses of a record that can be read."""
    try:
        record = _event(line)
        earlier = _event(before) if before is not None else None
    except ValueError:
        text = f"EVID {line.given('EVID')} or SS {line.given('SS')} is none that is known."
        yield Issue(ERROR, "unknown-kind", line.path, text)
        return
    fault = fault_of(record, earlier)
    if fault is not None:
        rule = "time-goes-back" if fault.item == "TIME" else "refused"
        text = f"{fault.item} is {fault.found}; needed {fault.needed}."
        yield Issue(ERROR, rule, line.path, text)


def _event(line: _Line) -> EventRecord:
    """Return the record of a line; ``ValueError`` if EVID or SS is unknown."""
    return EventRecord(
        time=line.value("TIME"),
        kind=EventKind(line.kind),
        amount=line.value("AMT"),
        rate=line.value("RATE"),
        interval=line.value("II"),
        additional=int(line.value("ADDL")),
        steady_state=SteadyState(int(line.value("SS"))),
    )


def _same_times(lines: Sequence[_Line]) -> Iterator[Issue]:
    """Say in which order records of the same time act."""
    group: list[_Line] = []
    for line in (*lines, None):
        together = (
            line is not None
            and bool(group)
            and abs(line.value("TIME") - group[-1].value("TIME")) <= SAME_TIME
        )
        if not together and len({member.kind for member in group}) > 1:
            yield _order(group)
        group = [*group, line] if together and line is not None else [line] if line else []


def _order(group: Sequence[_Line]) -> Issue:
    """Return the order in which records of one time act."""
    names = [line.what for line in group[:MOST_SHOWN]]
    more = f" and {len(group) - MOST_SHOWN} more" if len(group) > MOST_SHOWN else ""
    kinds = [line.kind for line in group]
    text = f"At TIME {_n(group[0].value('TIME'))} they act in this order: {', '.join(names)}{more}."
    if EventKind.OBSERVATION in kinds and kinds[0] == EventKind.OBSERVATION:
        text += " An observation before a dose sees the state before it."
    elif EventKind.OBSERVATION in kinds:
        text += " An observation after a dose sees the state after it."
    return Issue(INFO, "same-time", group[0].path, text)


def _additional_at_records(lines: Sequence[_Line]) -> Iterator[Issue]:
    """Find additional doses that fall on a record's time: they act before it."""
    for dose in lines:
        interval, number = dose.value("II"), dose.value("ADDL")
        if number <= 0 or interval <= 0:
            continue
        seen = (line for line in lines if line.kind == EventKind.OBSERVATION)
        hit = [line for line in seen if _falls_on(dose, line, interval, number)]
        if hit:
            named = ", ".join(str(line.number) for line in hit[:MOST_SHOWN])
            more = f" and {len(hit) - MOST_SHOWN} more" if len(hit) > MOST_SHOWN else ""
            text = (
                f"Additional doses fall on the times of the observations of lines {named}{more}: "
                "each enters first, so that the observation sees the state after the dose."
            )
            yield Issue(WARNING, "additional-dose-at-record", dose.path, text)


def _falls_on(dose: _Line, line: _Line, interval: float, number: float) -> bool:
    """Return whether an additional dose has the time of a later record."""
    away = line.value("TIME") - dose.value("TIME")
    if line.number <= dose.number or not SAME_TIME < away <= number * interval + SAME_TIME:
        return False
    return abs(away - round(away / interval) * interval) <= SAME_TIME
