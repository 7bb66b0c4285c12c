"""Terms of the CTCAE, version 5.0: grades as numbers, with their MedDRA codes.

National Cancer Institute. Common Terminology Criteria for Adverse Events (CTCAE), version 5.0.
27 November 2017. Counts are in cells per uL, haemoglobin in g/dL, temperature in degrees Celsius,
times in milliseconds; multiples are of the upper limit of normal (ULN) or of the baseline.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import final

from lymphocast.criteria.assessment import Edition

CTCAE_5 = Edition("CTCAE v5.0", "National Cancer Institute, CTCAE version 5.0, 27 November 2017")


@final
@dataclass(frozen=True)
class Falling:
    """A count that is graded when it falls: grade 1 below the lower limit of normal (LLN).

    ``below`` holds the thresholds of grades 2, 3 and, where the edition has it as a number, 4.
    """

    term: str
    meddra: int
    analyte: str
    below: tuple[float, ...]


@final
@dataclass(frozen=True)
class Multiple:
    """A value that is graded by its multiple of the ULN, or of a baseline that was abnormal.

    ``above`` holds the multiples of the ULN above which grades 2, 3 and 4 begin; ``abnormal``
    those of an abnormal baseline, grade 1 first; ``None`` where this table has no such row.
    """

    term: str
    meddra: int
    analyte: str
    above: tuple[float, float, float]
    abnormal: tuple[float, float, float, float] | None


@final
@dataclass(frozen=True)
class Clinical:
    """A term that a clinician grades: the words of each grade that the edition defines."""

    term: str
    meddra: int
    grades: Mapping[int, str]


FALLING = (
    Falling("Lymphocyte count decreased", 10025256, "lymphocytes", (800.0, 500.0, 200.0)),
    Falling("CD4 lymphocytes decreased", 10007839, "CD4", (500.0, 200.0, 50.0)),
    Falling("Platelet count decreased", 10035528, "platelets", (75e3, 50e3, 25e3)),
    Falling("Neutrophil count decreased", 10029366, "neutrophils", (1500.0, 1000.0, 500.0)),
    Falling("White blood cell decreased", 10049182, "leukocytes", (3000.0, 2000.0, 1000.0)),
    # Grade 4 of anemia is "life-threatening consequences": no number.
    Falling("Anemia", 10002272, "haemoglobin", (10.0, 8.0)),
)
MULTIPLE = (
    Multiple("Alanine aminotransferase increased", 10001551, "ALT", (3, 5, 20), (1.5, 3, 5, 20)),
    Multiple("Aspartate aminotransferase increased", 10003481, "AST", (3, 5, 20), (1.5, 3, 5, 20)),
    Multiple("Blood bilirubin increased", 10005364, "bilirubin", (1.5, 3, 10), (1, 1.5, 3, 10)),
    Multiple("GGT increased", 10056910, "GGT", (2.5, 5, 20), None),
)

LYMPHOCYTES_INCREASED = ("Lymphocyte count increased", 10025258, 4000.0, 20_000.0)
"""Grade 2 above 4000 to 20 000, grade 3 above 20 000; there is no grade 1 or 4."""
CREATININE = ("Creatinine increased", 10011368)
CREATININE_ULN = (1.5, 3.0, 6.0)
"""Multiples of the ULN above which grades 2, 3 and 4 begin."""
CREATININE_BASELINE = (1.5, 3.0)
"""Multiples of the baseline above which grades 2 and 3 begin; grade 1 has no baseline arm."""
EOSINOPHILIA = ("Eosinophilia", 10014950)
FEVER = ("Fever", 10016558, (38.0, 39.0, 40.0))
"""Grade 1 from 38.0, grade 2 above 39.0, above 40.0 grade 3 for up to 24 h and grade 4 beyond."""
QTC = ("Electrocardiogram QT corrected interval prolonged", 10014383, (450.0, 481.0, 501.0), 60.0)
"""Grade 1 from 450 ms, 2 from 481, 3 from 501 or more than 60 ms above the baseline."""
WEIGHT_GAIN = ("Weight gain", 10047896, (5.0, 10.0, 20.0))
"""Per cent of the baseline weight at which grades 1, 2 and 3 begin."""

_LIFE, _DEATH = "life-threatening consequences", "death"
CLINICAL = (
    Clinical(
        "Hypotension",
        10021097,
        MappingProxyType(
            {
                1: "asymptomatic, no intervention",
                2: "non-urgent medical intervention",
                3: "medical intervention; hospitalisation",
                4: _LIFE,
                5: _DEATH,
            }
        ),
    ),
    Clinical(
        "Injection site reaction",
        10022095,
        MappingProxyType(
            {
                1: "tenderness with or without warmth, erythema, itching",
                2: "pain; lipodystrophy; edema; phlebitis",
                3: "ulceration or necrosis; severe tissue damage; operative intervention",
                4: _LIFE,
                5: _DEATH,
            }
        ),
    ),
    Clinical(
        "Hypothyroidism",
        10021114,
        MappingProxyType(
            {
                1: "asymptomatic, observation only",
                2: "symptomatic; thyroid replacement; limits instrumental activities",
                3: "severe; limits self-care; hospitalisation",
                4: _LIFE,
                5: _DEATH,
            }
        ),
    ),
    Clinical(
        "Capillary leak syndrome",
        10007196,
        MappingProxyType(
            {
                1: "asymptomatic",
                2: "symptomatic; medical intervention",
                3: "severe; intervention",
                4: _LIFE,
                5: _DEATH,
            }
        ),
    ),
    Clinical(
        "Cytokine release syndrome",
        10052015,
        MappingProxyType(
            {
                1: "fever with or without constitutional symptoms",
                2: "hypotension responding to fluids; hypoxia on less than 40 % oxygen",
                3: "hypotension on one pressor; hypoxia on 40 % oxygen or more",
                4: _LIFE,
                5: _DEATH,
            }
        ),
    ),
    Clinical(
        "Flu like symptoms",
        10016791,
        MappingProxyType(
            {
                1: "mild",
                2: "moderate; limits instrumental activities",
                3: "severe; limits self-care",
            }
        ),
    ),
    Clinical(
        "Eosinophilia",
        10014950,
        MappingProxyType({1: "above the ULN and above the baseline", 3: "steroids initiated"}),
    ),
)
"""Terms that are graded by what a clinician sees; which grades exist differs between them."""
SYNONYMS: Mapping[str, str] = MappingProxyType(
    {
        "flu-like symptoms": "Flu like symptoms",
        "flu-like": "Flu like symptoms",
        "injection-site reaction": "Injection site reaction",
    }
)
