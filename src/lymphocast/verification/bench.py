"""What several checks share: the founding case, its fit and what follows, each computed once."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, final

import numpy as np
from numpy.typing import NDArray

from lymphocast.dataset.individual import Individual
from lymphocast.forecast.checks import contractions, leave_last_out
from lymphocast.forecast.controlled import Control, Controls
from lymphocast.forecast.controls import FULL, QUICK_LOOK, known_answers, run_controls
from lymphocast.forecast.ensemble import ensemble_of
from lymphocast.forecast.prior_lines import meanings
from lymphocast.forecast.results import Contraction, LeaveLastOut, ObservedCount, SensitivityRow
from lymphocast.forecast.scenario import observed_counts
from lymphocast.forecast.sensitivity import sensitivity_table
from lymphocast.hypothesis_fits import fit
from lymphocast.inference.fitting import QUICK, versions
from lymphocast.inference.hypotheses import Hypothesis
from lymphocast.inference.importance import ImportanceSettings, sample_importance
from lymphocast.inference.kernels import Kernels, kernels_of
from lymphocast.inference.posterior import Fit, FitMethod
from lymphocast.inference.redistribution import individual_of
from lymphocast.models.course import COURSE
from lymphocast.models.prior_file import model_priors
from lymphocast.models.prior_table import PriorTable
from lymphocast.record.casefile import find_case, read_case
from lymphocast.record.patient import PatientRecord

Progress = Callable[[str, float], None]
Floats = NDArray[np.float64]
LOOK: Final = ImportanceSettings(
    pilot=10_000, block=10_000, max_blocks=3, ess_target=2_000.0, pairs=2_048, draws=1_024
)
"""The effort of refits in a quick run: errors of a probability below 0.03."""
FOUNDING_CASE = "trojan-2009"
ENTRY_BELOW = 300.0  # cells/uL: the entry rule under which the course model is calibrated


@final
@dataclass(frozen=True)
class Bench:
    """The founding case as the checks need it.

    Parameters
    ----------
    seed
        Of every random number that a check does not draw from a seed of its own.
    quick
        Whether checks are to spend little.
    """

    seed: int
    quick: bool

    @cached_property
    def record(self) -> PatientRecord:
        """The founding record."""
        return read_case(find_case(FOUNDING_CASE))

    @cached_property
    def individual(self) -> Individual:
        """What the model sees of it."""
        return individual_of(self.record, self.table)

    @cached_property
    def table(self) -> PriorTable:
        """The priors of the course model."""
        return model_priors("course")

    @cached_property
    def kernels(self) -> Kernels:
        """The compiled functions of the founding case."""
        return kernels_of(self.individual, self.table)

    def prior(self, hypothesis: Hypothesis, lanes: int) -> dict[str, Floats]:
        """Return draws of the course model's prior, with all that the equations read, by lane."""
        rng = np.random.default_rng([self.seed, 24])
        z = rng.standard_normal((self.kernels.count_size, lanes))
        z_infection = rng.standard_normal((self.kernels.infection_size, lanes))
        return self.kernels.theta(z, self.kernels.everything(), hypothesis, z_infection)

    @cached_property
    def fit(self) -> Fit:
        """The founding fit, as the command ``fit`` makes it."""
        return fit(self.record, method="is", seed=self.seed)

    @cached_property
    def sampling(self) -> ImportanceSettings:
        """The effort of refits; that of ``explain`` in the full run."""
        return LOOK if self.quick else QUICK

    @cached_property
    def observed(self) -> tuple[ObservedCount, ...]:
        """The recorded counts, each with its posterior predictive."""
        return observed_counts(ensemble_of(self.fit), self.record, self.seed)

    @cached_property
    def last_out(self) -> LeaveLastOut:
        """The last count predicted from all other facts, over all hypotheses."""
        others = sample_importance(
            self.kernels, self.kernels.without_last(), self.seed, self.sampling
        )
        return leave_last_out(self.fit, replace(self.fit, posteriors=others)).averaged

    @cached_property
    def contraction(self) -> tuple[Contraction, ...]:
        """How far the data narrowed each parameter."""
        return contractions(self.fit, self.kernels, meanings(COURSE))

    @cached_property
    def sensitivity(self) -> tuple[SensitivityRow, ...]:
        """The sensitivity table."""
        return sensitivity_table(self.fit, self.kernels, sampling=self.sampling)

    @cached_property
    def unfitted(self) -> Fit:
        """Record, individual and priors without a posterior: what the controls start from."""
        return Fit(
            self.record, self.individual, self.table, (), FitMethod.IMPORTANCE, self.seed,
            versions(),
        )  # fmt: skip

    @cached_property
    def controls(self) -> Controls:
        """The controls with their crossed simulation: minutes."""
        return run_controls(self.unfitted, FULL)

    @cached_property
    def control_rows(self) -> tuple[Control, ...]:
        """The controls whose answer is known."""
        if not self.quick:
            return self.controls.rows
        return known_answers(self.unfitted, replace(QUICK_LOOK, sampling=self.sampling))

    @cached_property
    def entering(self) -> Individual:
        """The founding individual under the entry rule of the calibration."""
        found = self.individual
        return replace(found, entry=replace(found.entry, below=ENTRY_BELOW))
