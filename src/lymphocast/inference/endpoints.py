"""Endpoints as a person writes them: ``cd4_count=log-normal:0.16``.

``NAME=KIND`` or ``NAME@OUTPUT=KIND``, where OUTPUT is what the endpoint reads if it has another
name; then, after a colon, a number (the parameter's value) or a name (of a parameter with a
prior, perhaps one of the model) for each parameter of the error model. Without them the parameters
are called ``NAME.sd`` and so on, and need priors.

    additive      sd                    proportional  cv
    combined      sd, cv                log-normal    sd
    share         rest, sd              culture       limit, slope
    grade         threshold, threshold, ..., scale: always written out
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from math import isfinite
from typing import final

from lymphocast.errors import UsageError
from lymphocast.inference.error_model import (
    AdditiveError,
    CombinedError,
    CultureError,
    ErrorModel,
    GradeError,
    LogNormalError,
    ProportionalError,
    ShareError,
)
from lymphocast.inference.individual_density import Endpoint

KINDS: Mapping[str, tuple[tuple[str, ...], Callable[..., ErrorModel]]] = {
    "additive": (("sd",), AdditiveError),
    "proportional": (("cv",), ProportionalError),
    "combined": (("sd", "cv"), CombinedError),
    "log-normal": (("sd",), LogNormalError),
    "share": (("rest", "sd"), ShareError),
    "culture": (("limit", "slope"), CultureError),
}
GRADE = "grade"
FORM = "NAME=KIND or NAME=KIND:VALUE,..., such as cd4_count=log-normal:0.16"


@final
@dataclass(frozen=True)
class WrittenEndpoint:
    """An endpoint and the values that were written for its parameters."""

    endpoint: Endpoint
    fixed: Mapping[str, float]


def parse_endpoint(text: str) -> WrittenEndpoint:
    """Return the endpoint that a text describes.

    Raises
    ------
    UsageError
        If the text has another form, or its error model does not exist or has other parameters.
    """
    named, sign, described = text.partition("=")
    name, _, output = (part.strip() for part in named.partition("@"))
    kind, _, listed = (part.strip() for part in described.partition(":"))
    if not (sign and name and kind):
        msg = f"found error model '{text}'; needed {FORM}"
        raise UsageError(msg)
    items = [item.strip() for item in listed.split(",")] if listed else []
    parameters, made = _error_model(name, kind, items)
    fixed = {
        p: v for p, item in zip(parameters, items, strict=False) if (v := _number(item)) is not None
    }
    return WrittenEndpoint(Endpoint(name, output or name, made), fixed)


def _error_model(name: str, kind: str, items: Sequence[str]) -> tuple[tuple[str, ...], ErrorModel]:
    """Return the names of the parameters and the error model."""
    if kind == GRADE:
        if len(items) < 2:
            msg = f"error model of '{name}': needed {GRADE}:THRESHOLD,...,SCALE"
            raise UsageError(msg)
        ends = (*(f"threshold_{k}" for k in range(1, len(items))), "scale")
        names = _names(name, ends, items)
        return names, GradeError(names[:-1], names[-1])
    if kind not in KINDS:
        near = get_close_matches(kind, (*KINDS, GRADE), 1)
        hint = f"'{near[0]}'?" if near else f"one of {', '.join((*KINDS, GRADE))}"
        msg = f"error model of '{name}': found '{kind}'; needed {hint}"
        raise UsageError(msg)
    ends, make = KINDS[kind]
    if items and len(items) != len(ends):
        msg = f"error model of '{name}': {kind} with {len(items)} values; needed {', '.join(ends)}"
        raise UsageError(msg)
    names = _names(name, ends, items)
    return names, make(*names)


def _names(name: str, ends: Sequence[str], items: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the parameters: written ones, or the endpoint's own."""
    own = [f"{name}.{end}" for end in ends]
    if not items:
        return tuple(own)
    return tuple(
        mine if _number(item) is not None else item for mine, item in zip(own, items, strict=True)
    )


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    if not isfinite(value):
        msg = f"found '{text}' in an error model; needed a finite number, or a parameter's name"
        raise UsageError(msg)
    return value


def refuse_scales(endpoints: Sequence[Endpoint], values: Mapping[str, float]) -> None:
    """Refuse values of errors that are not above 0; a culture's limit and thresholds may be any.

    Raises
    ------
    UsageError
        If there is such a value.
    """
    for endpoint in endpoints:
        error, places = endpoint.error, tuple[str, ...]()
        if isinstance(error, CultureError):
            places = (error.limit,)
        elif isinstance(error, GradeError):
            places = tuple(error.thresholds)
        for name in error.parameters:
            if name in values and name not in places and not values[name] > 0.0:
                msg = f"found {name} = {values[name]:g} in the error of '{endpoint.name}'; needed "
                msg += "a number above 0"
                raise UsageError(msg)


def with_limit(endpoint: Endpoint, lloq: float) -> Endpoint:
    """Return an endpoint with a limit of quantification.

    Raises
    ------
    UsageError
        If its observations cannot lie below a limit.
    """
    if not endpoint.error.censors:
        msg = f"'{endpoint.name}' has no limit of quantification: it is a culture or a grade"
        raise UsageError(msg)
    return replace(endpoint, lloq=lloq)
