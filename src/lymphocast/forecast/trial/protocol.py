"""Protocol: what a trial does with its patients, and what is computed of them.

Times are whole days after randomisation, doses weekly and relative to the patient's own
maintenance dose, counts in cells/uL.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import final

from lymphocast.dataset.regimen import DoseEvent
from lymphocast.forecast.plan import Plan
from lymphocast.inference.population.design import PopulationDesign
from lymphocast.models.prior_table import PriorTable, Weights


@final
@dataclass(frozen=True)
class VirtualPopulation:
    """From where virtual patients are drawn.

    Parameters
    ----------
    table
        Priors of the course model.
    weights
        Probabilities of the hypotheses.
    fixed
        Parameters that every patient shares, with their values.
    shared
        Of some parameters, the share of the variance that all patients of a trial have in common:
        what is not known of the typical value, as against the differences between patients.
    """

    table: PriorTable
    weights: Weights
    fixed: tuple[tuple[str, float], ...] = ()
    shared: tuple[tuple[str, float], ...] = ()

    @property
    def differs(self) -> bool:
        """Whether the typical patient differs between trials."""
        return any(share > 0.0 for _, share in self.shared)


@final
@dataclass(frozen=True)
class FittedPopulation:
    """Individuals of a library model, as a population's fit found them.

    Parameters
    ----------
    model
        Name of the library model.
    design
        What individuals share: which parameters scatter, how, and how observations do.
    endpoint
        The endpoint of the fit that is measured at visits.
    vector
        The fit's estimates on the scale of its search.
    covariance
        Their covariance, if they are drawn for each trial; empty if they are taken as known.
    columns, rows
        Names of the covariates of the design, and their values of each individual of the fit.
    occasions
        The days on which occasions begin; empty without effects between occasions.
    """

    model: str
    design: PopulationDesign
    endpoint: str
    vector: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[float, ...], ...] = ()
    occasions: tuple[float, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether the typical patient differs between trials."""
        return bool(self.covariance)


@final
@dataclass(frozen=True)
class Eligibility:
    """Which patients enter: measured counts before randomisation between two limits.

    Parameters
    ----------
    above, below
        Each measured count must be at least the one and less than the other, cells/uL.
    screenings
        How many counts are measured; all must lie between.
    """

    above: float = 0.0
    below: float = float("inf")
    screenings: int = 1


@final
@dataclass(frozen=True)
class Arm:
    """One arm.

    Parameters
    ----------
    plan
        Doses of the study drug, with the rule and missed doses.
    patients
        How many patients it has.
    antibiotic
        First day and the day after the last on which the antibiotic is given; ``None`` without.
    doses
        Dose events of a library model, instead of a plan's doses.
    """

    plan: Plan
    patients: int
    antibiotic: tuple[float, float] | None = None
    doses: tuple[DoseEvent, ...] = ()

    @property
    def name(self) -> str:
        """How tables call it."""
        return self.plan.name


@final
@dataclass(frozen=True)
class Visits:
    """When patients are seen.

    Parameters
    ----------
    days
        Planned days in order; the first is 0, on which every patient is seen.
    window
        Whole days by which a later visit may be early or late, each day equally likely.
    missed
        Probability that a later visit is missed.
    cultures
        Whether a culture is taken at each visit.
    """

    days: tuple[int, ...]
    window: int = 0
    missed: float = 0.0
    cultures: bool = False

    def place(self, day: int) -> int:
        """Return which visit is planned on a day."""
        return self.days.index(day)


@final
class EndpointKind(StrEnum):
    """What an endpoint is made of."""

    CHANGE = "change"
    ABOVE = "above"
    CONVERTED = "converted"
    AREA = "area"
    TIME = "time"

    @property
    def binary(self) -> bool:
        """Whether its values are 0 and 1."""
        return self in {EndpointKind.ABOVE, EndpointKind.CONVERTED}


@final
@dataclass(frozen=True)
class Endpoint:
    """One number of each patient.

    Parameters
    ----------
    name
        How tables call it.
    kind
        ``change`` of the count from baseline; count ``above`` a threshold; ``converted`` cultures;
        ``area`` under the count divided by the time; ``time`` to a count above a threshold.
    day
        The planned day of the visit on which it is read, or the last that counts.
    by
        Whether earlier visits count as well.
    count
        Threshold in cells/uL.
    logarithmic
        Of a change: ln of the ratio instead of the difference.
    consecutive
        Negative cultures in a row that make a conversion.
    failure
        Whether a missing value of a binary endpoint counts as 0.
    """

    name: str
    kind: EndpointKind
    day: int
    by: bool = False
    count: float = 0.0
    logarithmic: bool = False
    consecutive: int = 0
    failure: bool = False


@final
class AnalysisMethod(StrEnum):
    """How two arms are compared."""

    DIFFERENCE = "difference"
    ANCOVA = "ancova"
    RISK = "risk-difference"
    LOG_RANK = "log-rank"


@final
@dataclass(frozen=True)
class TrialAnalysis:
    """One comparison of an arm with a control; ``alpha`` is two-sided."""

    name: str
    endpoint: str
    method: AnalysisMethod
    arm: str
    control: str
    alpha: float


@final
@dataclass(frozen=True)
class TrialProtocol:
    """A trial's protocol.

    Parameters
    ----------
    title
        What the trial is called.
    population, eligibility, arms, visits, endpoints, analyses
        The parts.
    hazard
        Rate of loss to follow-up, per day.
    """

    title: str
    population: VirtualPopulation | FittedPopulation
    eligibility: Eligibility
    arms: tuple[Arm, ...]
    visits: Visits
    hazard: float
    endpoints: tuple[Endpoint, ...]
    analyses: tuple[TrialAnalysis, ...]

    @property
    def patients(self) -> int:
        """Patients of one trial."""
        return sum(arm.patients for arm in self.arms)

    @property
    def length(self) -> float:
        """The day of the last planned visit."""
        return float(self.visits.days[-1])

    def endpoint(self, name: str) -> Endpoint:
        """Return an endpoint by name."""
        return next(e for e in self.endpoints if e.name == name)

    def place(self, arm: str) -> int:
        """Return the place of an arm."""
        return [a.name for a in self.arms].index(arm)
