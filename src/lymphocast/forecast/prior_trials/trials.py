"""Published results with which priors are compared: trials, their targets, the transport.

They stand in ``trials.yaml`` beside this module, each with its source and with what must be
assumed to compare it. Times are months of 30.4375 days.
"""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from enum import StrEnum
from importlib.resources import files
from math import log
from typing import Any, TypeVar, final

import yaml

from lymphocast.errors import RecordError
from lymphocast.models.prior_table import Grade

FILE = "trials.yaml"

T = TypeVar("T")


@final
class Endpoint(StrEnum):
    """What a trial reports of a group."""

    CULTURE_NEGATIVE = "culture-negative"
    RESISTANT = "resistant"
    RECOVERED = "recovered"
    RECOVERY_MONTH = "recovery-month"
    GAIN = "gain"
    RISE = "rise"
    NONE = "none"

    @property
    def of_il2(self) -> bool:
        """Whether it measures what IL-2 adds."""
        return self in {Endpoint.GAIN, Endpoint.RISE}


@final
class Statistic(StrEnum):
    """How a group's values become one."""

    MEAN = "mean"
    MEDIAN = "median"


@final
class Natural(StrEnum):
    """Which natural courses a trial's patients may have: one alone, or those of ICL."""

    STABLE = "stable"
    RECOVERY = "recovery"
    ICL = "icl"


@final
@dataclass(frozen=True)
class Target:
    """One published number, and how the model reads it.

    Parameters
    ----------
    id, label
        Name within the trial, and what it is in words.
    endpoint, month
        What is read, and when; ``none`` if it cannot be compared, for ``reason``.
    event, of
        Patients with the event among how many; fractional where only a percentage is printed.
    value, low, high
        A number in cells/uL or months, with the interval that the source states, if any.
    treated, control
        Changes in the two arms whose difference is the number.
    statistic, averaged
        Mean or median over the group; whether each patient's value is the mean since the start.
    above
        Count above which a patient has recovered, or share of the first count by which it rose.
    spread_follow_up
        Whether follow-up is exponential with median ``month`` instead of equal for everybody.
    control_share, own_change_sd, entry_low, entry_high
        Of a rise: the control arm's share, the SD of ln(ratio of two counts) without IL-2, and the
        range of counts at entry.
    patients
        Size of the group, if not the trial's.
    must_hold, held_out
        Whether missing it is a failure; whether no prior was chosen with it.
    """

    id: str
    label: str
    endpoint: Endpoint
    grade: Grade
    month: float = 0.0
    event: float | None = None
    of: float | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    treated: float | None = None
    control: float | None = None
    statistic: Statistic = Statistic.MEAN
    averaged: bool = False
    above: float = 0.0
    spread_follow_up: bool = False
    control_share: float = 0.0
    own_change_sd: float = 0.0
    entry_low: float = 0.0
    entry_high: float = 0.0
    patients: int = 0
    must_hold: bool = False
    held_out: bool = False
    reason: str = ""
    note: str = ""

    @property
    def observed(self) -> float | None:
        """The published number: a share, a difference of arms, or a value; ``None`` if unstated."""
        if self.event is not None and self.of is not None:
            return self.event / self.of
        if self.treated is not None and self.control is not None:
            return self.treated - self.control
        return self.value


@final
@dataclass(frozen=True)
class Trial:
    """One published trial or cohort.

    Parameters
    ----------
    id, title, citation, doi, pmid
        Its name here, and where it is published.
    population, regimen
        Who, and what was given.
    assumes
        What must be assumed to compare the model with it.
    natural, entry_below
        Natural courses of its patients, and the latent count below which they were found.
    antibiotic_months, il2_months
        How long each was given from day 0; 0 is never.
    patients
        Size of the group that the targets read.
    targets
        What it reports.
    """

    id: str
    title: str
    citation: str
    population: str
    regimen: str
    assumes: str
    natural: Natural
    targets: tuple[Target, ...]
    doi: str = ""
    pmid: str = ""
    entry_below: float | None = None
    antibiotic_months: float = 0.0
    il2_months: float = 0.0
    patients: int = 0


@final
@dataclass(frozen=True)
class Transport:
    """How far an effect may differ between two populations: log-normal around 1.

    ``factor`` is one SD.
    """

    name: str
    factor: float
    grade: Grade
    rationale: str

    @property
    def log_sd(self) -> float:
        """SD of ln(ratio)."""
        return log(self.factor)


@final
@dataclass(frozen=True)
class TrialFile:
    """All trials, and the transport between the populations of those of IL-2 and ICL."""

    transport: Transport
    trials: tuple[Trial, ...]

    def trial(self, name: str) -> Trial:
        """Return the trial of this name; KeyError if there is none."""
        return {trial.id: trial for trial in self.trials}[name]

    def target(self, trial: str, name: str) -> Target:
        """Return a trial's target; KeyError if there is none."""
        return {target.id: target for target in self.trial(trial).targets}[name]


def published_trials() -> TrialFile:
    """Return the trials shipped with the package."""
    text = files("lymphocast.forecast.prior_trials").joinpath(FILE).read_text("utf-8")
    return parse_trials(text, FILE)


def parse_trials(text: str, name: str) -> TrialFile:
    """Read the text of a trial file; ``name`` stands for the file in errors.

    Raises
    ------
    RecordError
        At the first key or value that is not understood.
    """
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RecordError(name, None, "text that is not YAML", "trials") from error
    if not isinstance(content, dict) or set(content) != {"transport", "trials"}:
        raise RecordError(name, 1, "another content", "the sections 'transport' and 'trials'")
    trials = []
    for key, entry in _mapping(content["trials"], "trials", name).items():
        listed = _mapping(_mapping(entry, key, name).get("targets"), f"targets of '{key}'", name)
        targets = tuple(
            _built(Target, {"id": inner, **target}, f"target '{key}/{inner}'", name)
            for inner, target in listed.items()
        )
        whole = {"id": key, **entry, "targets": targets}
        trials.append(_built(Trial, whole, f"trial '{key}'", name))
    transport = _built(Transport, content["transport"], "transport", name)
    return TrialFile(transport, tuple(trials))


def _mapping(value: Any, what: str, name: str) -> Mapping[str, Any]:  # noqa: ANN401 (YAML's)
    if not isinstance(value, dict) or not value:
        raise RecordError(name, None, f"no mapping as {what}", "entries by name")
    return value


_ENUMS: Mapping[str, type[StrEnum]] = {
    "endpoint": Endpoint,
    "statistic": Statistic,
    "natural": Natural,
    "grade": Grade,
}


def _built(kind: type[T], entry: Mapping[str, Any], what: str, name: str) -> T:
    """Return a dataclass from its mapping, with texts made into members of their enumerations."""
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    needed = {
        field.name
        for field in fields(kind)  # type: ignore[arg-type]
        if field.default is MISSING
    }
    odd, absent = sorted(set(entry) - known), sorted(needed - set(entry))
    if odd:
        raise RecordError(
            name, None, f"{what} with '{odd[0]}'", f"one of {', '.join(sorted(known))}"
        )
    if absent:
        raise RecordError(name, None, f"{what} without '{absent[0]}'", "that key")
    try:
        return kind(**{key: _ENUMS.get(key, lambda x: x)(value) for key, value in entry.items()})
    except ValueError as error:
        raise RecordError(name, None, f"{what} with {error}", "a word that is known") from error
