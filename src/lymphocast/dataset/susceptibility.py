"""Minimum inhibitory concentrations: which isolate was resistant to the record's antibiotic.

An isolate of M. avium complex is susceptible to clarithromycin up to 8 mg/L and resistant from
32 mg/L on [1]_ [2]_; between the two it is neither, and says nothing. A limit is read as it stands:
*above 32* is resistant, *above 16* is not.

The model has resistance arise under the antibiotic and not without it. So an isolate of a day on
which none is given stands for the last day before it on which it was, and one from before the first
dose says nothing.

References
----------
.. [1] Griffith DE et al. Clinical and molecular analysis of macrolide resistance in Mycobacterium
   avium complex lung disease. Am J Respir Crit Care Med 2006;174:928-934.
   doi:10.1164/rccm.200603-450OC
.. [2] Breakpoints of CLSI M24, as printed in BioMed Res Int 2015;2015:506598, table 3.
   doi:10.1155/2015/506598
"""

from typing import Final, NamedTuple, final

from lymphocast.dataset.individual import DosePlan, SusceptibilityObservation
from lymphocast.record.context import Limit
from lymphocast.record.events import Culture, CultureResult, Mic


@final
class Breakpoints(NamedTuple):
    """The highest concentration of a susceptible isolate, the lowest of a resistant one, mg/L."""

    susceptible: float
    resistant: float


BREAKPOINTS: Final = {"clarithromycin": Breakpoints(8.0, 32.0)}

NO_ANTIBIOTIC = "the record names no antibiotic under which resistance could arise"
OTHER_DRUG = "the model holds resistance to the antibiotic of the record alone"
NO_BREAKPOINTS = f"breakpoints are set for {' and '.join(BREAKPOINTS)} only"
NO_ISOLATE = "a culture that is not positive has no isolate"
BEFORE = "the model has no resistance before the first dose of the antibiotic"
BETWEEN = "it lies between the breakpoints of a susceptible and of a resistant isolate"


def susceptibility(
    culture: Culture, mic: Mic, day: float, plan: DosePlan, given: tuple[tuple[float, float], ...]
) -> SusceptibilityObservation | str:
    """Return what the isolate of a culture says of resistance, or why it says nothing.

    Parameters
    ----------
    culture, mic, day
        The culture, one of its concentrations, and its study day.
    plan, given
        What was given; first and last study day of each stretch of the antibiotic.
    """
    if plan.antibiotic is None:
        return NO_ANTIBIOTIC
    if mic.drug != plan.antibiotic:
        return OTHER_DRUG
    if mic.drug not in BREAKPOINTS:
        return NO_BREAKPOINTS
    if culture.result is not CultureResult.POSITIVE:
        return NO_ISOLATE
    exposed = [min(day, stop) for start, stop in given if start < day]
    if not exposed:
        return BEFORE
    resistant = _is_resistant(mic)
    if resistant is None:
        return BETWEEN
    return SusceptibilityObservation(culture.id, day, max(exposed), resistant)


def _is_resistant(mic: Mic) -> bool | None:
    """Whether a concentration is that of a resistant isolate; ``None`` if of neither."""
    value, points = mic.value.to("mg/L").value, BREAKPOINTS[mic.drug]
    if value >= points.resistant and mic.limit is not Limit.BELOW:
        return True
    if value <= points.susceptible and mic.limit is not Limit.ABOVE:
        return False
    return None
