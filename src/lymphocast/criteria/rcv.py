"""Reference change value: whether two counts of one person differ by more than they vary.

With a within-person coefficient of variation CV (biological and analytical together), two counts
of a person in a steady state differ by more than

    z sqrt(2) CV                      symmetric form, as a fraction of the first count
    exp(+-z sqrt(2) CV) - 1           log form, for a scatter that is proportional to the count

with probability 5 % when z is the two-sided 95 % point of the normal distribution [1]_. The log
form decides here. It takes the standard deviation of ln(count) to be the CV, its first-order
value; the exact log-normal value sqrt(ln(1 + CV^2)) is 0.7 % smaller at a CV of 16.6 %. The CV is
that of people with stable counts on antiretroviral treatment, over months [2]_.

Left out: a CV of the patient's own. What the record says of the context of two counts (another
laboratory, another time of day, a dose within three days, fever) is named beside the change.

References
----------
.. [1] Harris EK, Yasaka T. On the calculation of a "reference change" for comparing two
   consecutive measurements. Clin Chem 1983;29(1):25-30.
.. [2] Gordon CL et al. Quantitative assessment of intra-patient variation in CD4+ T cell counts
   in stable, virologically-suppressed, HIV-infected subjects. PLoS One 2015;10(6):e0125248.
   doi:10.1371/journal.pone.0125248
"""

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import final

from lymphocast.errors import UsageError
from lymphocast.record.context import Context
from lymphocast.record.events import Measurement
from lymphocast.record.issue import Issue, Severity, places
from lymphocast.record.patient import PatientRecord
from lymphocast.units import Quantity

LONG_TERM_CV = 0.166
"""Within-person CV of a CD4 count over months: median of 88 people with stable counts, Gordon
2015, doi:10.1371/journal.pone.0125248."""
Z_TWO_SIDED_95 = 1.959963984540054
"""Two-sided 95 % point of the standard normal distribution."""
PER_CENT = 100.0
COUNT_UNIT = "/uL"
RULE = "reference-change"


@final
@dataclass(frozen=True)
class ReferenceChange:
    """The change between two counts, set against what counts vary.

    Parameters
    ----------
    first, second
        Identifiers of the measurements.
    first_value, second_value
        The counts in cells per uL.
    percent
        Observed change in per cent of the first count.
    limit_percent
        Symmetric reference change value, two-sided 95 %.
    lower_percent, upper_percent
        Reference change values in log form.
    z
        ln ratio over its standard deviation sqrt(2) CV.
    beyond
        Whether the change lies outside the log form's limits.
    context
        What the record says of the two counts that could move one and not the other.
    """

    first: str
    second: str
    first_value: float
    second_value: float
    percent: float
    limit_percent: float
    lower_percent: float
    upper_percent: float
    z: float
    beyond: bool
    context: tuple[str, ...] = ()


def reference_change(
    first: Quantity,
    second: Quantity,
    *,
    names: tuple[str, str] = ("first", "second"),
    cv: float = LONG_TERM_CV,
) -> ReferenceChange:
    """Compare two counts of one person.

    Parameters
    ----------
    first, second
        The counts, in units of number per volume, both above 0.
    names
        What the result calls them.
    cv
        Within-person coefficient of variation, as a fraction.

    Raises
    ------
    UnitError
        If a unit is not a number per volume.
    """
    one, two = first.to(COUNT_UNIT).value, second.to(COUNT_UNIT).value
    spread = math.sqrt(2) * cv
    ratio = two / one
    # The ratio of absurd counts can be too small or too large for a number; its logarithm is not.
    log_ratio = math.log(ratio) if 0.0 < ratio < math.inf else math.log(two) - math.log(one)
    limit, z = Z_TWO_SIDED_95 * spread, log_ratio / spread
    return ReferenceChange(
        first=names[0],
        second=names[1],
        first_value=one,
        second_value=two,
        percent=PER_CENT * (two / one - 1),
        limit_percent=PER_CENT * limit,
        lower_percent=PER_CENT * math.expm1(-limit),
        upper_percent=PER_CENT * math.expm1(limit),
        z=z,
        beyond=abs(z) > Z_TWO_SIDED_95,
    )


def change_between(
    record: PatientRecord, first: str, second: str, *, cv: float = LONG_TERM_CV
) -> ReferenceChange:
    """Compare any two counts of a record.

    Parameters
    ----------
    record
        The patient's record.
    first, second
        Identifiers of two measurements of the same analyte.
    cv
        Within-person coefficient of variation of that analyte, as a fraction; the default is
        that of CD4 counts.

    Raises
    ------
    UsageError
        If a measurement does not exist, is known only as a limit or is not above 0, or the
        analytes differ.
    UnitError
        If a value is not a number per volume.
    """
    one, two = record.measurement(first), record.measurement(second)
    if one.analyte != two.analyte:
        message = f"'{first}' is {one.analyte}, '{second}' is {two.analyte}; needed the same"
        raise UsageError(message)
    for m in (one, two):
        if m.limit is not None:
            message = f"'{m.id}' is given only as {m.limit} {m.value}; needed a number"
            raise UsageError(message)
        if m.value.value <= 0.0:
            message = f"'{m.id}' is {m.value}; needed a count above 0, which a ratio can be made of"
            raise UsageError(message)
    change = reference_change(one.value, two.value, names=(first, second), cv=cv)
    return replace(change, context=context_notes(one, two))


def context_notes(one: Measurement, two: Measurement) -> tuple[str, ...]:
    """Return what in the context of two counts could move one of them and not the other."""
    a, b = one.context or Context(), two.context or Context()
    notes = []
    if a.laboratory and b.laboratory and a.laboratory != b.laboratory:
        notes.append(f"different laboratories ({a.laboratory}, {b.laboratory})")
    if a.time_of_day and b.time_of_day and a.time_of_day != b.time_of_day:
        notes.append(f"drawn at {a.time_of_day} and at {b.time_of_day}")
    for m, c in ((one, a), (two, b)):
        if c.soon_after_dose:
            notes.append(f"'{m.id}' {c.since_dose} after a dose")
        told = [word for word in ("fever", "infection", "steroids") if getattr(c, word)]
        notes += [f"'{m.id}' with {word}" for word in told]
    return tuple(notes)


def consecutive_changes(record: PatientRecord) -> tuple[ReferenceChange, ...]:
    """Compare each CD4 count of a record with the next one in time.

    Limits are passed over, and so are counts of 0, to which no ratio can be made.
    """
    plain = [m for m in record.counts() if m.limit is None and m.value.value > 0.0]
    return tuple(
        replace(
            reference_change(one.value, two.value, names=(one.id, two.id)),
            context=context_notes(one, two),
        )
        for one, two in pairwise(plain)
    )


def last_fall(record: PatientRecord, changes: tuple[ReferenceChange, ...]) -> tuple[Issue, ...]:
    """Return the issue of the last fall between two consecutive counts, if there was one."""
    falls = [change for change in changes if change.percent < 0]
    if not falls:
        return ()
    fall = falls[-1]
    facts = (record.measurement(fall.first), record.measurement(fall.second))
    return (
        Issue(
            Severity.WARNING,
            RULE,
            f"{fall.first}, {fall.second}",
            change_sentence(fall),
            places(p for fact in facts for p in fact.provenance),
        ),
    )


def change_sentence(change: ReferenceChange) -> str:
    """Say whether a change is more than counts vary, with the arithmetic."""
    verb = "a fall" if change.percent < 0 else "a rise"
    limit = change.lower_percent if change.percent < 0 else change.upper_percent
    verdict = "beyond" if change.beyond else "not beyond"
    return (
        f"{change.first_value:g} -> {change.second_value:g} {COUNT_UNIT} is {verb} of "
        f"{abs(change.percent):.0f} % (z = {change.z:.2f}), {verdict} what two counts of one "
        f"person vary: 95 % of pairs stay within {change.limit_percent:.0f} % (log form "
        f"{change.lower_percent:.0f} / {change.upper_percent:+.0f} %; CV "
        f"{PER_CENT * LONG_TERM_CV:.1f} %, Gordon 2015). The change is {change.percent:+.1f} %, "
        f"its limit in log form {limit:+.1f} %."
    )
