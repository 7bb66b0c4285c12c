"""What several checks share: the founding case, its fit and its results, each computed once."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import final

import numpy as np
from numpy.typing import NDArray

from lymphocast.analysis import explain, fit
from lymphocast.dataset.individual import Individual
from lymphocast.dataset.project import project
from lymphocast.forecast.controlled import Control, Controls
from lymphocast.forecast.controls import FULL, QUICK_LOOK, known_answers, run_controls
from lymphocast.forecast.results import Results
from lymphocast.inference.fitting import versions
from lymphocast.inference.hypotheses import Hypothesis
from lymphocast.inference.kernels import Kernels, kernels_of
from lymphocast.inference.posterior import Fit, FitMethod
from lymphocast.models.prior_file import model_priors
from lymphocast.models.prior_table import PriorTable
from lymphocast.record.casefile import find_case, read_case
from lymphocast.record.patient import PatientRecord

Progress = Callable[[str, float], None]
Floats = NDArray[np.float64]
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
        return project(self.record)

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
    def results(self) -> Results:
        """Everything that is said about the founding fit."""
        return explain(self.fit)

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
        return known_answers(self.unfitted, QUICK_LOOK) if self.quick else self.controls.rows

    @cached_property
    def entering(self) -> Individual:
        """The founding individual under the entry rule of the calibration."""
        found = self.individual
        return replace(found, entry=replace(found.entry, below=ENTRY_BELOW))
