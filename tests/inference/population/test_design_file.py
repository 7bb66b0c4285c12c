"""Population files: what they say, and the one message about what is wrong."""

from pathlib import Path

import pytest

from lymphocast.errors import RecordError, UsageError
from lymphocast.inference.population.design import CovariateForm
from lymphocast.inference.population.design_file import read_design
from lymphocast.inference.population.shared_priors import SharedFamily
from lymphocast.models.random_effects import EffectTransform

WHOLE = """errors: [concentration=combined]
limits: {concentration: 0.1}
parameters:
  clearance: {value: 66, variance: 0.1}
  volume: {value: 32, variance: 0.05, between: 0.02}
  share: {value: 0.5, variance: 0.2, transform: logit}
  lag: {value: 0, fixed: true}
  concentration.sd: {value: 0.5}
  concentration.cv: {value: 0.1}
covariances:
  clearance: {volume: 0.01}
covariates:
  - {parameter: clearance, column: WT, form: power, reference: 70, value: 0.75, fixed: true}
  - {parameter: volume, column: APGR, form: shift, below: 5, value: 0.1}
priors:
  clearance: {family: lognormal, location: 60, scale: 0.5}
  sd of clearance: {family: halfnormal, scale: 0.4}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "population.yaml"
    path.write_text(text, "utf-8")
    return path


def test_a_file_says_what_individuals_share(tmp_path: Path) -> None:
    found = read_design(written(tmp_path, WHOLE))
    assert found.effects == ("clearance", "volume", "share")
    assert found.transforms[2] is EffectTransform.LOGIT
    assert found.covariance[0] == (0.1, 0.01, 0.0)
    assert found.blocks == ((0, 1), (2,))
    assert found.between == (("volume", 0.02),)
    assert [c.form for c in found.covariates] == [CovariateForm.POWER, CovariateForm.SHIFT]
    assert found.covariates[1].below
    assert found.endpoints[0].lloq == 0.1
    assert [p.family for p in found.priors] == [SharedFamily.LOGNORMAL, SharedFamily.HALFNORMAL]
    assert found.priors[1].describe() == "half-normal, scale 0.4"


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("value: 66", "value: much", "line 4: found value 'much'"),
        ("value: 66, ", "", "line 4: found 'clearance' without a value"),
        ("logit", "probit", "line 6: found transform 'probit'"),
        ("form: power", "form: cubic", "form 'cubic'"),
        ("below: 5, ", "", "a shift with nothing to compare with"),
        ("{volume: 0.01}", "{lag: 0.01}", "a covariance of 'lag'"),
        ("errors:", "mistakes:", "'mistakes' of a population"),
        ("lognormal, ", "gamma, ", "line 16: found prior of 'clearance': family 'gamma'"),
        ("location: 60, ", "", "a lognormal prior without 'location'"),
        ("scale: 0.4", "scale: wide", "prior of 'sd of clearance': scale 'wide'"),
        ("scale: 0.4", "width: 0.4", "prior of 'sd of clearance': 'width'"),
        ("limits: {concentration", "limits: {count", "a limit of 'count'"),
        ("concentration.sd: {value: 0.5}", "concentration.sd: {value: -1}", "'concentration.sd'"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    tmp_path: Path, before: str, after: str, message: str
) -> None:
    with pytest.raises(RecordError) as caught:
        read_design(written(tmp_path, WHOLE.replace(before, after, 1)))
    assert message in str(caught.value)


def test_a_prior_without_a_width_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"'sd of clearance': scale -0\.4; needed one above 0"):
        read_design(written(tmp_path, WHOLE.replace("scale: 0.4", "scale: -0.4")))


def test_effects_that_cannot_correlate_so_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="covariance of effects"):
        read_design(written(tmp_path, WHOLE.replace("volume: 0.01", "volume: 0.5")))
