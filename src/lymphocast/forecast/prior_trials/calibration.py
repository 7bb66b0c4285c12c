"""The calibration of the course model's priors: comparisons, searches and sensitivity."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from lymphocast.forecast.prior_trials.choices import (
    Choice,
    Implied,
    gain_choices,
    implied_gains,
    recovery_sensitivity,
    searched,
)
from lymphocast.forecast.prior_trials.comparison import DRAWS, Comparison, Progress, compare
from lymphocast.forecast.prior_trials.trials import Transport, TrialFile, published_trials
from lymphocast.models.prior_table import PriorTable


@final
@dataclass(frozen=True)
class PriorCalibration:
    """What published results say of a prior table.

    Parameters
    ----------
    comparisons
        Every target, in the order of the trials.
    choices
        How each calibrated number was found.
    subcutaneous
        Typical gains that the subcutaneous regimens imply.
    recovery
        Share that recovers, by mean months to recovery of the sensitivity table.
    transport
        From the population of the IL-2 trials to ICL.
    seed, draws
        Of each virtual cohort.
    """

    comparisons: tuple[Comparison, ...]
    choices: tuple[Choice, ...]
    subcutaneous: Implied
    recovery: Mapping[float, float]
    transport: Transport
    seed: int
    draws: int

    @property
    def missed(self) -> tuple[Comparison, ...]:
        """Targets that must hold and do not."""
        return tuple(one for one in self.comparisons if one.missed)


def calibrate_priors(
    table: PriorTable,
    seed: int,
    draws: int = DRAWS,
    progress: Progress | None = None,
    published: TrialFile | None = None,
) -> PriorCalibration:
    """Run the virtual trials and the searches under the priors of the course model.

    Parameters
    ----------
    table
        Priors of the course model.
    seed, draws
        Of each virtual cohort; a search uses half as many draws.
    progress
        Called with a stage's name and the fraction that is done.
    published
        Trials to compare with; those shipped if ``None``.

    Raises
    ------
    UsageError
        If the gain's prior is not log-normal.
    """
    found = published_trials() if published is None else published
    comparisons = compare(table, found, seed, draws, progress)
    choices = searched(table, found, seed, draws // 2)
    return PriorCalibration(
        comparisons=comparisons,
        choices=(*choices, *gain_choices(table, found.transport, comparisons)),
        subcutaneous=implied_gains(table, comparisons, subcutaneous=True),
        recovery=recovery_sensitivity(table, found, seed, draws // 2),
        transport=found.transport,
        seed=seed,
        draws=draws,
    )
