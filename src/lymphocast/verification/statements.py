"""What is given and not found by a check: the question, the contexts of use and their risk.

The headings are those of ASME V&V 40-2018, "Assessing credibility of computational modeling through
verification and validation: application to medical devices". The package is no device; the
standard's order of questions is used because it asks for evidence in proportion to risk.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, final

QUESTION: Final = (
    "In one patient whose CD4 count rose under interleukin-2: did the drug raise it, and what "
    "would the count do under another course of treatment? Whether the drug works in the disease "
    "is not asked: one published patient cannot answer it."
)
STATUS: Final = (
    "Research software that gives information to physicians, pharmacometricians and reviewers. It "
    "is not a medical device, and its numbers are no advice for any patient."
)
RISK_RULE: Final = (
    "Influence is how much a decision leans on the model beside other evidence, consequence what a "
    "wrong decision does. The risk is the mean of both levels, rounded up. These levels are "
    "judgements, stated here and nowhere computed."
)


@final
class Level(IntEnum):
    """A level of influence, consequence or risk."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3


@final
@dataclass(frozen=True)
class Context:
    """A context of use, its risk, and the checks that it needs.

    Parameters
    ----------
    id, name
        A key, and words.
    use
        Who reads which number for what.
    influence, influence_reason, consequence, consequence_reason
        The two sides of the risk.
    needs
        The checks that must have passed, by id.
    """

    id: str
    name: str
    use: str
    influence: Level
    influence_reason: str
    consequence: Level
    consequence_reason: str
    needs: tuple[str, ...]

    @property
    def risk(self) -> Level:
        """The mean of influence and consequence, rounded up."""
        return Level((self.influence + self.consequence + 1) // 2)


_BASIS = (
    "code.course",
    "code.units",
    "calculation.conjugate",
    "calculation.effective-size",
    "calculation.evidence-error",
    "calculation.twins",
    "calibration.coarse",
    "calibration.trials",
    "validation.negative-controls",
    "validation.positive-control",
    "uncertainty.predictive",
    "uncertainty.contraction",
    "uncertainty.sensitivity",
    "uncertainty.sources",
)
_DEEPER = (
    *_BASIS,
    "calculation.prior-draws",
    "calculation.two-samplers",
    "calibration.declared",
    "calibration.fresh",
    "calibration.forecasts",
    "validation.last-count",
    "validation.simulated-patients",
)
_ENGINE = (
    "code.closed-forms",
    "code.saturable",
    "code.diffrax",
    "code.roadrunner",
    "code.units",
    "code.conserved",
    "calculation.error-estimate",
    "validation.phenobarbital-objective",
    "validation.phenobarbital",
    "validation.theophylline",
)

CONTEXTS: Final = (
    Context(
        "attribution",
        "Reading one past course",
        "A physician or a reviewer of a case report reads how likely it is that the drug made the "
        "count rise, beside the record itself.",
        Level.LOW,
        "one argument among those of the record, which stands beside it; an open answer is given "
        "as undecided",
        Level.LOW,
        "a wrong belief about a course that is over",
        _BASIS,
    ),
    Context(
        "forecast",
        "When to count again",
        "A physician reads when an untreated count may pass a threshold of the clinic, to choose "
        "the date of the next count.",
        Level.MEDIUM,
        "one reason for a date, beside the clinic's schedule",
        Level.MEDIUM,
        "a count taken too late delays prophylaxis",
        (*_DEEPER, "validation.figure-counts"),
    ),
    Context(
        "regimen",
        "Choosing what to study next",
        "A designer of a small trial reads how regimens rank over the posterior under limits of "
        "safety.",
        Level.MEDIUM,
        "narrows the regimens that a protocol then argues for on other grounds",
        Level.HIGH,
        "a regimen that harms, or that fails and costs a patient time",
        (*_DEEPER, "validation.figure-counts", "validation.second-patient"),
    ),
    Context(
        "simulation",
        "Simulating and fitting known models",
        "A pharmacometrician simulates library models and fits them to dense data of many "
        "individuals.",
        Level.HIGH,
        "the number itself is what is wanted",
        Level.LOW,
        "a wrong result in research, which others can repeat",
        _ENGINE,
    ),
)
