"""A new count reweighs a fit: it agrees with the whole fit, keeps its history, and is scored."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from lymphocast.dataset.project import project
from lymphocast.errors import UsageError
from lymphocast.forecast.checks import leave_last_out
from lymphocast.hypothesis_fits import update
from lymphocast.inference.fit_file import read_fit, write_fit
from lymphocast.inference.history import Made, history_from_json, history_to_json
from lymphocast.inference.importance import ImportanceSettings, sample_importance
from lymphocast.inference.kernels import kernels_of
from lymphocast.inference.posterior import Fit
from lymphocast.inference.updating import difference, reweighed
from lymphocast.models.prior_table import PriorTable
from lymphocast.record.casefile import canonical_case, parse_case
from tests.conftest import Command
from tests.founding import individual, quick_fit
from tests.tolerances import CLOSED_FORM, PROBABILITY_AGREES

STANDARD_ERRORS = 4.0  # twelve comparisons: all within four but once in a thousand
SECOND = "cd4-stop-9"


@cache
def before() -> Fit:
    """The founding case without its last count, with draws enough to be updated."""
    settings = ImportanceSettings(
        pilot=20_000, block=20_000, max_blocks=8, ess_target=30_000.0, pairs=20_480, draws=8_000
    )
    whole = quick_fit()
    kernels = kernels_of(individual(), whole.table)
    kept = replace(whole.record, measurements=whole.record.measurements[:-1])
    short = parse_case(canonical_case(kept), "short.json")
    posteriors = sample_importance(kernels, kernels.without_last(), 7, settings)
    return replace(whole, record=short, individual=project(short), posteriors=posteriors)


@cache
def after() -> Fit:
    return update(before(), quick_fit().record)


def test_an_update_agrees_with_the_fit_of_everything() -> None:
    full, updated = quick_fit(), after()
    for one, other in zip(full.posteriors, updated.posteriors, strict=True):
        error = np.hypot(one.log_evidence_se, other.log_evidence_se)
        assert abs(one.log_evidence - other.log_evidence) < STANDARD_ERRORS * error
        name = one.hypothesis.name
        weight = pytest.approx(full.posterior_weights[name], abs=PROBABILITY_AGREES)
        assert updated.posterior_weights[name] == weight


def test_draws_after_an_update_are_those_of_the_fit_of_everything() -> None:
    full, updated = quick_fit(), after()
    for one, other in zip(full.posteriors, updated.posteriors, strict=True):
        if full.posterior_weights[one.hypothesis.name] < 0.05:  # the others move nothing
            continue
        for name in ("normal_count", "gain", "count_sd"):
            two = [np.log(p.draws[name]) for p in (one, other)]
            errors = [np.std(x) * np.sqrt(0.5 * np.pi / 1000.0) for x in two]  # ESS above 1000
            apart = abs(np.median(two[0]) - np.median(two[1]))
            assert apart < STANDARD_ERRORS * np.hypot(*errors), name


def test_an_update_says_from_what_and_how_much_is_left() -> None:
    (step,) = after().history
    assert step.made is Made.UPDATED
    assert SECOND in step.reason
    assert step.record_sha256 == quick_fit().record.sha256
    assert step.ess_before == before().ess_min
    assert step.ess_after == after().ess_min < step.ess_before
    assert after().diagnostics_passed


def test_a_new_count_is_scored_as_the_fit_before_it_predicts_it() -> None:
    (score,) = after().history[0].scores
    predicted = leave_last_out(quick_fit(), replace(before(), individual=individual())).averaged
    assert score.id == SECOND
    assert score.log_score == pytest.approx(predicted.log_score, rel=CLOSED_FORM)
    assert (score.value, score.inside) == (378.0, score.p05 <= 378.0 <= score.p95)
    # Other noise, the same predictive: quantiles of 96,000 lanes worth about 1,000 draws.
    assert score.p50 == pytest.approx(predicted.predicted.p50, rel=PROBABILITY_AGREES)


def test_the_fit_file_keeps_the_history_and_the_prior_weights(tmp_path: Path) -> None:
    write_fit(replace(after(), preset="sceptical"), tmp_path / "fit.nc")
    again = read_fit(tmp_path / "fit.nc")
    assert again.history == after().history
    assert again.preset == "sceptical"
    assert again.weights == again.table.presets["sceptical"]
    assert history_from_json(history_to_json(after().history)) == after().history


def test_the_effective_size_of_an_update_is_a_share_of_the_one_before() -> None:
    once = reweighed(before(), individual().counts[-1:], 1)
    assert once is not None
    for old, new in zip(before().posteriors, once, strict=True):
        assert 0.0 < new.ess <= old.ess
        assert new.log_evidence_se >= old.log_evidence_se


def test_only_new_counts_can_be_taken_up_by_reweighing() -> None:
    whole, short = individual(), before().individual
    assert difference(short, whole).added == whole.counts[-1:]
    assert difference(short, whole).reason == ""
    assert SECOND in difference(whole, short).reason
    assert "cultures" in difference(whole, replace(whole, cultures=())).reason
    other = replace(whole.counts[0], value=171.0)
    assert (
        "is not what it was"
        in difference(whole, replace(whole, counts=(other, *whole.counts[1:]))).reason
    )


def test_the_command_says_how_the_fit_was_made(lymphocast: Command, tmp_path: Path) -> None:
    write_fit(before(), tmp_path / "fit.nc")
    done = lymphocast("fit", "trojan-2009", "--update", "fit.nc", "-o", "new.nc", cwd=tmp_path)
    assert done.code == 0
    assert "updated by reweighing" in done.out
    assert "log score" in done.out
    found = read_fit(tmp_path / "new.nc")
    assert found.history[-1].made is Made.UPDATED
    # Without --seed the resampling is that of the fit's own seed.
    for one, other in zip(found.posteriors, after().posteriors, strict=True):
        np.testing.assert_array_equal(one.draws["gain"], other.draws["gain"])
    # The prior's draws are those of the file before: drawn anew, they are the same.
    write_fit(after(), tmp_path / "drawn.nc")
    assert (tmp_path / "drawn.nc").read_bytes() == (tmp_path / "new.nc").read_bytes()
    again = lymphocast("fit", "trojan-2009", "--update", "new.nc", "-o", "x.nc", cwd=tmp_path)
    assert again.code == 2
    assert "nothing to update" in again.err
    assert not (tmp_path / "x.nc").exists()


def test_unknown_prior_weights_are_refused_with_those_that_exist(
    lymphocast: Command, tmp_path: Path
) -> None:
    done = lymphocast("fit", "trojan-2009", "--preset", "hopeful", "-o", "fit.nc", cwd=tmp_path)
    assert done.code == 2
    assert "sceptical, neutral, enthusiastic" in done.err


def test_another_patient_and_the_same_record_are_refused() -> None:
    record = quick_fit().record
    with pytest.raises(UsageError, match="the fit is of record 'trojan-2009'"):
        update(before(), replace(record, id="someone-else"))
    with pytest.raises(UsageError, match="nothing to update"):
        update(quick_fit(), record)


def test_a_record_that_says_nothing_new_of_the_counts_keeps_the_draws() -> None:
    fit = before()
    renamed = parse_case(canonical_case(replace(fit.record, title="Another title")), "short.json")
    found = update(fit, renamed)
    (step,) = found.history
    assert (step.made, step.scores) == (Made.UPDATED, ())
    assert step.reason == "new: nothing that the model reads"
    for old, new in zip(fit.posteriors, found.posteriors, strict=True):
        assert new.log_evidence == pytest.approx(old.log_evidence, abs=1e-12)  # a sum of equals
        assert np.array_equal(np.sort(new.draws["gain"]), np.sort(old.draws["gain"]))


@pytest.mark.slow
def test_a_fit_that_had_too_few_draws_before_says_so_when_it_is_made_anew() -> None:
    few = tuple(replace(p, ess=500.0) for p in before().posteriors)
    (step,) = update(replace(before(), posteriors=few), quick_fit().record).history
    assert (step.made, step.reason) == (
        Made.REFITTED,
        "the fit before had too few effective draws",
    )


@pytest.mark.slow
def test_draws_that_degenerate_are_drawn_anew() -> None:
    few = [
        replace(p, draws={n: x[:2_000] for n, x in p.draws.items()}, ess=1_100.0)
        for p in before().posteriors
    ]
    found = update(replace(before(), posteriors=tuple(few)), quick_fit().record)
    (step,) = found.history
    assert (step.made, step.reason) == (Made.REFITTED, "the weights of the draws degenerate")
    assert found.diagnostics_passed
    assert len(step.scores) == 1


def test_prior_weights_by_name_change_weights_and_no_evidence() -> None:
    base: Fit = quick_fit()
    table: PriorTable = base.table
    for name in table.presets:
        found = replace(base, preset=name)
        share = sum(w for h, w in found.posterior_weights.items() if h.startswith("il2"))
        prior, evidence = table.presets[name].il2, [p.log_evidence for p in found.posteriors]
        assert found.weights.il2 == prior
        assert evidence == [p.log_evidence for p in base.posteriors]
        assert (share > 0.5) == (prior >= 0.5)
