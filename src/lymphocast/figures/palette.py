"""Colours and dashes: Okabe and Ito's palette, told apart in greyscale by tone or by dash.

References
----------
Okabe M, Ito K. Color universal design: how to make figures and presentations that are
friendly to colorblind people. 2008.
"""

from dataclasses import dataclass
from typing import final

INK = "#1a1a1a"
MUTED = "#555555"
GRID = "#e4e4e4"
REFERENCE = "#8c8c8c"
PAPER = "#ffffff"
BAND_90 = "#d3e5f1"
BAND_50 = "#93c0de"
MODEL = "#00507f"
STUDY_DRUG = "#7d9fb5"
STUDY_DRUG_LIGHT = "#d3dfe6"
OTHER_DRUG = "#8a8a8a"
OTHER_DRUG_LIGHT = "#d9d9d9"
FACT = "#4d4d4d"
FACT_HOLLOW = "#ffffff"


@final
@dataclass(frozen=True)
class Stroke:
    """How one line is drawn."""

    colour: str
    dash: tuple[float, ...]
    width: float


COUNTERFACTUAL = Stroke("#d55e00", (6, 3), 1.6)
THRESHOLD = Stroke(REFERENCE, (1, 0), 0.8)
AVERAGE = Stroke(MODEL, (1, 0), 2.0)
NO_ANTIBIOTIC = Stroke("#009e73", (8, 2, 2, 2), 1.6)
NO_DRUG = Stroke("#000000", (1.5, 2), 1.4)
EXPLANATIONS = (
    Stroke("#000000", (4, 2), 1.4),
    Stroke("#009e73", (1, 0), 1.4),
    Stroke("#cc79a7", (8, 2, 2, 2), 1.6),
    Stroke("#e69f00", (2, 2), 1.8),
    Stroke("#56b4e9", (10, 3), 1.6),
    Stroke("#666666", (5, 2, 1, 2, 1, 2), 1.4),
)
"""Strokes of the explanations, the weightiest first; a course model has six."""


def luminance(colour: str) -> float:
    """Relative luminance of ``#rrggbb``, 0 (black) to 1 (white), as WCAG 2 defines it."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
