"""What the controls of one record found: the types of :mod:`lymphocast.forecast.controls`."""

from dataclasses import dataclass
from typing import final

from lymphocast.forecast.prior_trials.comparison import Span

FEWEST_DRAWS = 100.0  # effective, in a control's quick fit: error of a probability below 0.05


@final
@dataclass(frozen=True)
class Control:
    """A patient for whom it is known whether IL-2 made more than half of the rise.

    ``probability`` is that of the statement in the base analysis, ``lowest`` and ``highest`` its
    range over the sensitivity table. ``answer`` is *not yes* where the base analysis excludes a
    *yes* and the table was not run. ``ess`` is the smallest effective size of the fit among
    hypotheses that matter. ``passed``: a positive control is *yes*, a negative is not, and the fit
    has effective draws enough to say so.
    """

    name: str
    label: str
    positive: bool
    probability: float
    p_il2: float
    lowest: float
    highest: float
    answer: str
    ess: float
    passed: bool


@final
@dataclass(frozen=True)
class CrossedRate:
    """Patients simulated from one explanation and weighed by all.

    ``unread`` patients had too few effective draws and are left out. ``p_sure_of_il2`` is the share
    with P(IL-2 adds cells) above 0.95, ``p_above_yes`` that with P(IL-2 made more than half of the
    rise) above 0.8; not a number where no patient is left. ``sure_interval`` and ``yes_interval``
    are their 95 % intervals by Clopper and Pearson, from 0 to 1 where no patient is left.
    """

    name: str
    label: str
    prior: float
    patients: int
    unread: int
    mean_p_il2: float
    p_sure_of_il2: float
    sure_interval: Span
    p_above_yes: float
    yes_interval: Span


@final
@dataclass(frozen=True)
class Controls:
    """The controls of one record.

    ``mean_p_il2`` is P(IL-2 adds cells) averaged over simulated patients by the prior weight of
    what made them: it equals ``prior_il2`` within Monte Carlo error where weights are right. It is
    not a number if an explanation has no patient left. ``left_out`` says which controls this record
    does not allow, and why.
    """

    record_id: str
    record_sha256: str
    seed: int
    full: bool
    rows: tuple[Control, ...]
    rates: tuple[CrossedRate, ...]
    prior_il2: float
    mean_p_il2: float
    left_out: tuple[str, ...]
    passed: bool
