"""Reference change value: whether two counts of one person differ by more than they vary.

With a within-person coefficient of variation CV (biological and analytical together), two counts
of a person in a steady state differ by more than

    z sqrt(2) CV                      symmetric form, as a fraction of the first count
    exp(+-z sqrt(2) CV) - 1           log form, for a scatter that is proportional to the count

with probability 5 % when z is the two-sided 95 % point of the normal distribution [1]_. The log
form decides here. It takes the standard deviation of ln(count) to be the CV, its first-order
value; the exact log-normal value sqrt(ln(1 + CV^2)) is 0.7 % smaller at a CV of 16.6 %. The CV is
that of people with stable counts on antiretroviral treatment, over months [2]_.

Left out: a CV of the patient's own, the time of day, and the time since the last dose.

References
----------
.. [1] Harris EK, Yasaka T. On the calculation of a "reference change" for comparing two
   consecutive measurements. Clin Chem 1983;29(1):25-30.
.. [2] Gordon CL et al. Quantitative assessment of intra-patient variation in CD4+ T cell counts
   in stable, virologically-suppressed, HIV-infected subjects. PLoS One 2015;10(6):e0125248.
   doi:10.1371/journal.pone.0125248
"""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import final

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
    limit, z = Z_TWO_SIDED_95 * spread, math.log(two / one) / spread
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


def consecutive_changes(record: PatientRecord) -> tuple[ReferenceChange, ...]:
    """Compare each CD4 count of a record with the next one in time."""
    return tuple(
        reference_change(one.value, two.value, names=(one.id, two.id))
        for one, two in pairwise(record.counts())
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
