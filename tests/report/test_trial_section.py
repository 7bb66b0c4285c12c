"""A virtual trial in the report: the numbers of its command, and sentences that follow them."""

import json
from copy import deepcopy
from dataclasses import fields, replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from lymphocast.forecast.trial import characteristics
from lymphocast.forecast.trial.characteristics import Characteristics, MeanValue, Proportion
from lymphocast.report.blocks import Bullets, Mark, Paragraph, Table, Tone
from lymphocast.report.claims_trial import OTHER_PATIENTS, trial_sentence, trial_sentences
from lymphocast.report.document import build_document
from lymphocast.report.html import render_html
from lymphocast.report.summary import summary, summary_schema
from lymphocast.report.trial_section import trial_section
from lymphocast.report.trial_tables import row_cells, trial_json
from tests.report import synthetic
from tests.report.trials import ANALYSIS, share, trial


def changed(place: int = 0, **new: Any) -> Characteristics:  # noqa: ANN401 (any field of a row)
    rows = list(trial().rows)
    rows[place] = replace(rows[place], **new)
    return replace(trial(), rows=tuple(rows))


def said(found: Characteristics, place: int = 0) -> str:
    return trial_sentences(found.rows)[place].replace("\N{NO-BREAK SPACE}", " ")


def test_the_sentences_say_the_numbers_with_their_monte_carlo_errors() -> None:
    assert said(trial()) == (
        "IL-2 adds cells: a difference is found in 90.0 % (88.0 to 92.0 %) of two trials: a power "
        "above 80 %. Bias \N{MINUS SIGN}0.001 ± 0.010: within Monte Carlo error. Coverage 95.0 % "
        "(93.0 to 97.0 %): not told from the 95 % meant."
    )
    assert "a trial: 4 simulated trials of 60 virtual patients each (seed 7)" in trial_sentence(
        trial()
    )


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.801, 0.9, "a power above 80 %"),
        (0.8, 0.9, "a power not told from 80 %"),
        (0.7, 0.8, "a power not told from 80 %"),
        (0.7, 0.799, "a power below 80 %"),
    ],
)
def test_power_is_judged_by_its_whole_interval(low: float, high: float, words: str) -> None:
    found = changed(rejected=Proportion(0.5 * (low + high), low, high))
    assert f"of two trials: {words}." in said(found)


@pytest.mark.parametrize(
    ("low", "high", "alpha", "words"),
    [
        (0.051, 0.09, 0.05, "more than the 5 % allowed"),
        (0.05, 0.09, 0.05, "not told from the 5 % allowed"),
        (0.01, 0.049, 0.05, "less than the 5 % allowed"),
        (0.051, 0.09, 0.1, "less than the 10 % allowed"),
    ],
)
def test_a_type_one_error_is_held_against_the_level_of_its_analysis(
    low: float, high: float, alpha: float, words: str
) -> None:
    found = changed(1, rejected=Proportion(0.5 * (low + high), low, high), alpha=alpha)
    assert "found where there is none" in said(found, 1)
    assert f"of two trials: {words}." in said(found, 1)


def test_a_bias_is_told_beyond_the_error_of_its_number_of_trials() -> None:
    # Student's t: 12.706 standard errors of two trials, 1.984 of a hundred (any table of it).
    for trials, quantile in ((2, 12.706), (100, 1.984)):
        for share_of_it, words in ((0.999, "within"), (1.001, "beyond")):
            bias = MeanValue(0.01 * quantile * share_of_it, 0.01)
            assert f"{words} Monte Carlo error." in said(changed(bias=bias, trials=trials))
    assert "one trial tells no error" in said(changed(bias=MeanValue(0.02, float("nan"))))


def test_coverage_and_trials_that_say_nothing_are_told() -> None:
    assert "Coverage 90.0 % (88.0 to 92.0 %): below the 95 % meant." in said(
        changed(coverage=share(0.9))
    )
    assert "above the 90 % meant." in said(changed(coverage=share(0.95), alpha=0.1))
    assert "Coverage" not in said(changed(coverage=None))
    assert "One trial had too few patients left" in said(changed(undecided=1))
    assert said(changed(trials=0)).endswith(
        "held in no simulated trial, and nothing is said of it."
    )
    assert "power and type I error, mixed by the weights" in said(trial(), 2)
    assert "Bias" not in said(trial(), 2)


def test_the_section_has_the_tables_of_the_command() -> None:
    blocks = trial_section(trial()).blocks
    assert blocks[0] == Paragraph(OTHER_PATIENTS, Tone.BANNER)
    assert isinstance(blocks[3], Bullets)
    nature, rejects, estimates = (block for block in blocks if isinstance(block, Table))
    assert [row.cells[0] for row in nature.rows] == ["IL-2 adds cells", "IL-2 adds none"]
    for table in (rejects, estimates):
        assert table.rows[0].cells == (ANALYSIS,)
        assert table.rows[-1].mark is Mark.AVERAGED
    cells = row_cells(trial().rows[0])
    both = (*rejects.rows[1].cells, *estimates.rows[1].cells[1:])
    assert [cell.replace("-", "") for cell in cells] == [
        cell.replace("\N{MINUS SIGN}", "").replace("\N{EN DASH}", "").replace("-", "")
        for cell in both
    ]
    titles = [column.title for column in rejects.columns]
    assert titles == ["In nature", "Trials", "Rejection is", "Rejects", "In favour"]
    assert rejects.rows[1].cells[2:4] == ("power", rejects.rows[1].cells[3])


def made(found: Characteristics | None) -> str:
    document = build_document(
        synthetic.record(),
        synthetic.check_report(),
        synthetic.results(),
        synthetic.SVG,
        trial=found,
    )
    return render_html(document)


def summed(found: Characteristics | None) -> dict[str, Any]:
    return summary(synthetic.record(), synthetic.check_report(), synthetic.results(), trial=found)


def test_the_report_has_a_trial_only_if_it_is_asked_for() -> None:
    page, without = made(trial()), made(None)
    assert '<section id="trial">' in page
    assert "report fit.nc --trial trial -o report.html" in page
    assert '<section id="trial">' not in without
    assert "--trial" not in without
    assert "trial" not in summed(None)


def test_the_sentences_of_the_report_change_with_the_numbers_of_the_summary() -> None:
    other = changed(rejected=share(0.6))
    assert summed(trial())["trial"]["rows"][0]["rejected"]["value"] == 0.9
    assert summed(other)["trial"]["rows"][0]["rejected"]["value"] == 0.6
    before, after = (made(found).replace("\N{NO-BREAK SPACE}", " ") for found in (trial(), other))
    assert "90.0 % (88.0 to 92.0 %) of two trials: a power above 80 %" in before
    assert "60.0 % (58.0 to 62.0 %) of two trials: a power below 80 %" in after


def test_the_summary_holds_the_trial_as_its_command_writes_it() -> None:
    validator = Draft202012Validator(summary_schema())
    nothing = MeanValue(float("nan"), float("nan"))
    for found in (trial(), changed(truth=None, bias=None, coverage=None, estimate=nothing)):
        content = summed(found)
        assert [error.message for error in validator.iter_errors(content)] == []
        written = json.loads(trial_json(found))
        assert content["trial"] == {k: v for k, v in written.items() if k != "schema"}
    strange = deepcopy(content)
    strange["trial"]["rows"][0]["extra"] = 1
    assert not validator.is_valid(strange)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (characteristics.Characteristics, "trial"),
        (characteristics.CharacteristicRow, "trial_row"),
        (characteristics.HypothesisShare, "trial_nature"),
        (characteristics.Proportion, "trial_share"),
        (characteristics.MeanValue, "trial_mean"),
    ],
)
def test_the_schema_names_every_result_of_a_trial(kind: type, name: str) -> None:
    definitions: Any = summary_schema()["$defs"]
    assert set(definitions[name]["properties"]) == {f.name for f in fields(kind)}
