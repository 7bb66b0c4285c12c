"""Priors of what a population shares, as a population file writes them.

    normal        of a value on both sides of 0, or a coefficient: location (mean), scale (SD)
    lognormal     of a value above 0: location (median), scale (SD of ln)
    halfnormal    of a value above 0: scale, the SD of the normal that it is half of
    logitnormal   of a share: location (median), scale (SD of the logit)
    lkj           of all correlations of effects: scale, the shape; 1 is uniform over matrices,
                  more favours weak correlations (Lewandowski, Kurowicka and Joe 2009,
                  doi:10.1016/j.jmva.2009.04.008)

What a file does not name has a weakly informative prior of our own choosing, an assumption that
every fit lists:

    typical values, standard deviations of errors    an SD of 1 around the file's value, of ln or of
                                                     the logit; of a value that may be negative, of
                                                     the value's size, 1 at least
    coefficients                                     an SD of 1 around the file's value
    SDs of effects                                   half-normal, of scale 1 for log-normal and
                                                     logit effects, of twice the file's SD for
                                                     additive ones (Gelman 2006,
                                                     doi:10.1214/06-BA117A, on half-normal forms)
    correlations                                     LKJ of shape 2
"""

from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from typing import final

from lymphocast.errors import UsageError

CORRELATIONS = "correlations"
DEFAULT_SD = 1.0  # on the scale that is searched: a factor e either way
DEFAULT_SHAPE = 2.0  # of LKJ
DEFAULT_SPREAD = 1.0  # of the SD of a log-normal or logit effect
ADDITIVE_SPREAD = 2.0  # of the SD of an additive effect, times the file's


@final
class SharedFamily(StrEnum):
    """Distribution of a prior."""

    NORMAL = "normal"
    LOGNORMAL = "lognormal"
    HALFNORMAL = "halfnormal"
    LOGITNORMAL = "logitnormal"
    LKJ = "lkj"

    @property
    def located(self) -> bool:
        """Whether it has a location."""
        return self not in {SharedFamily.HALFNORMAL, SharedFamily.LKJ}


@final
@dataclass(frozen=True)
class SharedPrior:
    """A prior of something that a population shares.

    Parameters
    ----------
    name
        A parameter, a coefficient, ``sd of PARAMETER``, ``sd of PARAMETER between occasions``, or
        ``correlations``.
    family, location, scale
        The distribution; a location of 0 where the family has none.

    Raises
    ------
    UsageError
        If there is no such distribution.
    """

    name: str
    family: SharedFamily
    location: float
    scale: float

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not (isfinite(self.scale) and self.scale > 0.0):
            msg = f"prior of '{self.name}': scale {self.scale:g}; needed one above 0"
            raise UsageError(msg)
        fault = {
            SharedFamily.LOGNORMAL: None if self.location > 0.0 else "above 0",
            SharedFamily.LOGITNORMAL: None if 0.0 < self.location < 1.0 else "between 0 and 1",
        }.get(self.family)
        if fault is not None:
            msg = f"prior of '{self.name}': location {self.location:g}; needed one {fault}"
            raise UsageError(msg)

    def describe(self) -> str:
        """Return the distribution as a reader would write it."""
        if self.family is SharedFamily.HALFNORMAL:
            return f"half-normal, scale {self.scale:g}"
        if self.family is SharedFamily.LKJ:
            return f"LKJ, shape {self.scale:g}"
        if self.family is SharedFamily.NORMAL:
            return f"normal, mean {self.location:g}, SD {self.scale:g}"
        of = "ln" if self.family is SharedFamily.LOGNORMAL else "the logit"
        name = "log-normal" if self.family is SharedFamily.LOGNORMAL else "logit-normal"
        return f"{name}, median {self.location:g}, SD of {of} {self.scale:g}"
