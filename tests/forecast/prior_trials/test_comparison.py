"""Comparing and searching: intervals against SciPy, verdicts, searches that meet their target."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from numpy.testing import assert_allclose
from scipy.stats import binomtest

from lymphocast.errors import RecordError
from lymphocast.forecast.prior_trials.calibration import PriorCalibration, calibrate_priors
from lymphocast.forecast.prior_trials.choices import (
    Choice,
    Implied,
    gain_choices,
    implied_gains,
    searched,
)
from lymphocast.forecast.prior_trials.comparison import (
    DRAWS,
    SEED,
    Comparison,
    Span,
    Verdict,
    binomial_interval,
    compare,
)
from lymphocast.forecast.prior_trials.trials import (
    Endpoint,
    TrialFile,
    parse_trials,
    published_trials,
)
from lymphocast.models.prior_file import model_priors, with_rows
from lymphocast.report.prior_trial_tables import (
    observed_text,
    prior_trial_lines,
    prior_trial_markdown,
)
from tests.conftest import ROOT

PUBLISHED = published_trials()
TABLE = model_priors("course")
PAGE = ROOT / "docs" / "science" / "priors.md"
SIZE = 2048


@pytest.mark.parametrize(("event", "of"), [(0, 7), (3, 19), (11, 19), (153, 373), (7, 7), (1, 1)])
def test_the_binomial_interval_is_that_of_scipy(event: int, of: int) -> None:
    found = binomial_interval(event, of)
    expected = binomtest(event, of).proportion_ci(0.95, "exact")
    assert_allclose([found.low, found.high], [expected.low, expected.high], atol=1e-10)


def test_a_fractional_number_of_events_lies_between_its_neighbours() -> None:
    fewer, middle, more = (binomial_interval(x, 56) for x in (37, 37.52, 38))
    assert fewer.low < middle.low < more.low
    assert fewer.high < middle.high < more.high


def only(trial: str, *targets: str) -> TrialFile:
    found = PUBLISHED.trial(trial)
    kept = tuple(PUBLISHED.target(trial, name) for name in targets)
    return TrialFile(PUBLISHED.transport, (replace(found, targets=kept),))


def test_an_antibiotic_that_does_nothing_misses_what_must_hold() -> None:
    powerless = with_rows(TABLE, kill={"location": 1e-6})
    negative, resistant = compare(powerless, only("wallace-1994", "negative", "resistant"), 1, SIZE)
    assert negative.verdict is Verdict.OUTSIDE
    assert negative.missed
    assert resistant.verdict is Verdict.INSIDE, "resistance does not ask whether the drug kills"
    assert not resistant.missed


def test_what_cannot_be_compared_says_why_and_is_not_missed() -> None:
    (found,) = compare(TABLE, only("ho-1993", "reversed"), 1, SIZE)
    assert found.verdict is Verdict.NOT_COMPARED
    assert found.target.reason
    assert not found.missed


def test_a_search_meets_its_target_or_says_that_nothing_in_reach_does() -> None:
    moved = with_rows(TABLE, growth={"location": -0.004}, kill={"location": 1e-6})
    growth, kill = searched(moved, PUBLISHED, 1, SIZE)[:2]
    assert growth.found is not None
    untreated = with_rows(moved, growth={"location": growth.found})
    (share,) = compare(untreated, only("watchful-waiting", "converted"), 1, SIZE)
    # A step of the search's tolerance, 3e-6 per day, moves the share by 2e-4.
    assert_allclose(share.predicted, 153 / 373, atol=5e-4)
    assert kill.found is None, "a median of 4e-6 per day kills nothing"
    assert not kill.agrees


def shown(trial: str, target: str, predicted: float) -> Comparison:
    where = PUBLISHED.trial(trial)
    return Comparison(
        where, PUBLISHED.target(trial, target), Verdict.INSIDE, None, predicted, 1.0, Span(1, 2)
    )


def test_a_regimen_implies_the_gain_whose_effect_is_the_observed_one() -> None:
    rows = [
        shown("carr-1998", "peg", 90.0),
        shown("carr-1998", "continuous", 405.0 / 4.0),
        shown("silcaat", "treated", 53.0 * 4.0),
        shown("esprit", "treated", 159.0),
        shown("stalwart", "treated", 1.0),
    ]
    every = implied_gains(TABLE, rows, subcutaneous=False)
    assert_allclose(list(every.gains.values()), [150.0, 600.0, 37.5, 150.0])
    assert_allclose(every.center, 150.0)
    assert every.log_sd_span.holds(every.log_sd)
    assert len(implied_gains(TABLE, rows, subcutaneous=True).gains) == 3
    center, spread = gain_choices(TABLE, PUBLISHED.transport, rows)[:2]
    assert center.agrees
    assert spread.found is not None
    assert spread.found > every.log_sd


def test_the_output_names_what_is_missed() -> None:
    kept = only("wallace-1994", "negative")
    comparisons = compare(with_rows(TABLE, kill={"location": 1e-6}), kept, 1, SIZE)
    found = PriorCalibration(
        comparisons,
        (Choice("kill", "median", "/d", 0.06, None, 0.005, "nothing"),),
        Implied({}, 1.0, 0.5, Span(0.1, 1.0)),
        {},
        PUBLISHED.transport,
        1,
        SIZE,
    )
    assert found.missed == comparisons
    lines = "\n".join(prior_trial_lines(found))
    assert "missed: Wallace 1994, culture negative at month 4." in lines
    assert "none in reach" in lines
    assert "| outside (must hold) |" in prior_trial_markdown(found)


def test_the_page_shows_every_target_with_what_was_observed() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for trial in PUBLISHED.trials:
        assert trial.doi in page, trial.id
        assert trial.pmid in page, trial.id
        for target in trial.targets:
            interval = None
            if target.event is not None and target.of is not None:
                interval = binomial_interval(target.event, target.of)
            elif target.low is not None and target.high is not None:
                interval = Span(target.low, target.high)
            row = f"| {trial.title} | {target.label} | {observed_text(target, interval)} |"
            assert row in page


def test_what_must_hold_can_be_compared() -> None:
    for trial in PUBLISHED.trials:
        assert trial.doi or trial.pmid or "PMC" in trial.citation, trial.id
        for target in trial.targets:
            compared = target.endpoint is not Endpoint.NONE
            assert compared or target.reason, target.label
            assert compared or not target.must_hold, target.label
            assert not (target.must_hold and target.held_out), target.label


SHORT = """
transport: {{name: a, factor: 2, grade: assumed, rationale: b}}
trials:
  one:
    title: t
    citation: c
    population: p
    regimen: r
    assumes: a
    natural: stable
    targets:
      first: {{label: l, endpoint: {endpoint}, grade: V, {extra}}}
"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SHORT.format(endpoint="none", extra="mont: 4"), "target 'one/first' with 'mont'; needed"),
        (SHORT.format(endpoint="nothing", extra="month: 4"), "'nothing' is not a valid Endpoint"),
        (SHORT.format(endpoint="none", extra="").replace("label: l, ", ""), "without 'label'"),
        (SHORT.format(endpoint="none", extra="").replace("natural: stable", ""), "'natural'"),
        ("transport: {}\n", "needed the sections 'transport' and 'trials'"),
        ("transport: {}\ntrials: []\n", "no mapping as trials"),
        ("transport: {}\ntrials: {one: 3}\n", "no mapping as one"),
        ("a: [\n", "not YAML"),
    ],
)
def test_a_bad_trial_file_is_one_clear_error(text: str, message: str) -> None:
    with pytest.raises(RecordError, match=message):
        parse_trials(text, "mine.yaml")


def script(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "calibrate-priors"), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_the_script_fails_if_a_target_that_must_hold_is_missed(tmp_path: Path) -> None:
    prior = tmp_path / "prior.yaml"
    prior.write_text("parameters:\n  kill: {location: 0.001}\n", encoding="utf-8")
    done = script("--draws", "2000", "--prior", str(prior))
    assert done.returncode == 1, done.stderr
    assert "missed: Wallace 1994, culture negative at month 4." in done.stdout


@pytest.mark.slow
def test_the_script_says_what_is_wrong_with_a_prior_file(tmp_path: Path) -> None:
    assert script("--prior", str(tmp_path / "absent.yaml")).returncode == 2
    prior = tmp_path / "prior.yaml"
    prior.write_text("parameters:\n  kil: {location: 0.001}\n", encoding="utf-8")
    done = script("--prior", str(prior))
    assert done.returncode == 2
    assert "unknown parameter 'kil'" in done.stderr
    assert script("--draws", "5").returncode == 2


@pytest.mark.slow
def test_the_page_is_what_the_script_prints_and_nothing_is_missed() -> None:
    found = calibrate_priors(TABLE, SEED, DRAWS)
    assert prior_trial_markdown(found).strip() in PAGE.read_text(encoding="utf-8")
    assert not found.missed
