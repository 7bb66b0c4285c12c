"""Endpoints as a person writes them, and what is refused."""

import pytest

from lymphocast.errors import UsageError
from lymphocast.inference.endpoints import parse_endpoint, refuse_scales, with_limit
from lymphocast.inference.error_model import CombinedError, GradeError, LogNormalError, ShareError


def test_numbers_are_values_and_names_are_parameters() -> None:
    written = parse_endpoint("cd4_count=log-normal:0.16")
    assert written.endpoint.error == LogNormalError("cd4_count.sd")
    assert written.fixed == {"cd4_count.sd": 0.16}
    written = parse_endpoint("cd4_percent@cd4_count = share:others, 0.2")
    assert (written.endpoint.name, written.endpoint.output) == ("cd4_percent", "cd4_count")
    assert written.endpoint.error == ShareError("others", "cd4_percent.sd")
    assert written.fixed == {"cd4_percent.sd": 0.2}
    written = parse_endpoint("concentration=combined")
    assert written.endpoint.error == CombinedError("concentration.sd", "concentration.cv")
    assert not written.fixed
    written = parse_endpoint("cough_severity=grade:low,0.7,w")
    assert written.endpoint.error == GradeError(("low", "cough_severity.threshold_2"), "w")


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ("cd4_count", "NAME=KIND"),
        ("=additive", "NAME=KIND"),
        ("cd4_count=aditive", "'additive'?"),
        ("cd4_count=combined:0.1", "sd, cv"),
        ("cd4_count=additive:nan", "a finite number"),
        ("cough=grade", "grade:THRESHOLD"),
    ],
)
def test_what_is_no_endpoint_is_refused(text: str, needed: str) -> None:
    with pytest.raises(UsageError, match="needed") as found:
        parse_endpoint(text)
    assert needed in str(found.value)


def test_a_culture_has_no_limit_of_quantification() -> None:
    with pytest.raises(UsageError, match="no limit of quantification"):
        with_limit(parse_endpoint("log_burden=culture:0,0.7").endpoint, 1.0)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("c=additive:-0.1", "c.sd = -0.1"),
        ("c=log-normal:0", "c.sd = 0"),
        ("c=combined:0.1,-1", "c.cv = -1"),
        ("c=culture:-2,0", "c.slope = 0"),
        ("c=grade:-1,0.5,-3", "c.scale = -3"),
    ],
)
def test_an_error_that_does_not_scatter_is_refused(text: str, wrong: str) -> None:
    written = parse_endpoint(text)
    with pytest.raises(UsageError, match=f"found {wrong}.*needed a number above 0"):
        refuse_scales([written.endpoint], written.fixed)


def test_limits_and_thresholds_may_be_negative() -> None:
    for text in ("c=culture:-2,0.7", "c=grade:-1,0.5,3", "c=additive:1e-300", "c=additive"):
        written = parse_endpoint(text)
        refuse_scales([written.endpoint], written.fixed)
