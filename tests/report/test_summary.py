"""summary.json follows its schema strictly and carries the numbers of the results."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from lymphocast.errors import UsageError
from lymphocast.forecast.value import at_cost
from lymphocast.report.claims_ahead import delay_sentence
from lymphocast.report.summary import summary, summary_json, summary_schema
from lymphocast.report.tables import COLUMNS, forecast_csv
from tests.report import synthetic

KEYS = (
    "record",
    "criteria",
    "observed",
    "hypotheses",
    "attribution",
    "outcomes",
    "forecast",
    "leave_last_out",
    "registered",
    "contraction",
    "sensitivity",
    "verdicts",
    "timing",
    "next_count",
    "history",
    "fit",
    "priors_sha256",
    "record_sha256",
    "versions",
)
ASKED = {"plans", "search", "trial"}


def made() -> dict[str, Any]:
    return summary(synthetic.record(), synthetic.check_report(), synthetic.results())


def errors(content: Mapping[str, Any]) -> list[str]:
    validator = Draft202012Validator(summary_schema())
    return [error.message for error in validator.iter_errors(content)]


def objects(schema: object) -> list[Mapping[str, Any]]:
    if isinstance(schema, list):
        return [o for item in schema for o in objects(item)]
    if not isinstance(schema, dict):
        return []
    own = [schema] if schema.get("type") == "object" else []
    return own + [o for value in schema.values() for o in objects(value)]


def test_the_schema_is_valid_and_closed() -> None:
    Draft202012Validator.check_schema(summary_schema())
    for schema in objects(summary_schema()):
        assert "additionalProperties" in schema
        assert schema["additionalProperties"] is False or "properties" not in schema
        optional = ASKED if "versions" in schema.get("properties", ()) else set()
        named = set(schema.get("properties", ()))
        assert set(schema.get("required", ())) == named - optional


def test_the_summary_has_exactly_its_keys_and_is_valid() -> None:
    assert tuple(made()) == KEYS
    assert errors(made()) == []


def test_an_unknown_key_and_an_unknown_status_are_invalid() -> None:
    assert errors({**made(), "extra": 1})
    content = made()
    content["criteria"]["icl"]["status"] = "perhaps"
    assert errors(content)


def test_a_missing_key_is_invalid() -> None:
    content = made()
    del content["verdicts"]
    assert errors(content)


def test_every_hypothesis_stands_behind_every_average() -> None:
    names = [row.name for row in synthetic.hypotheses()]
    for key in ("attribution", "outcomes", "forecast", "leave_last_out", "registered"):
        assert list(made()[key]["by_hypothesis"]) == names
        assert made()[key]["averaged"]


def test_numbers_keep_six_digits_and_follow_the_results() -> None:
    results = synthetic.results()
    first = replace(results.hypotheses[0], weight=0.12345678)
    changed = replace(results, hypotheses=(first, *results.hypotheses[1:]))
    content: Any = summary(synthetic.record(), synthetic.check_report(), changed)
    assert content["hypotheses"][0]["weight"] == 0.123457


def test_the_same_results_give_the_same_bytes() -> None:
    texts = {
        summary_json(synthetic.record(), synthetic.check_report(), synthetic.results())
        for _ in range(2)
    }
    assert len(texts) == 1
    assert json.loads(texts.pop()) == made()


def test_no_path_and_no_time_of_day() -> None:
    text = summary_json(synthetic.record(), synthetic.check_report(), synthetic.results())
    assert "/home" not in text
    assert "T00:00" not in text


def test_a_number_that_is_not_finite_is_refused_by_its_place() -> None:
    results = synthetic.results()
    broken = replace(results.hypotheses[1], log_evidence=float("nan"))
    changed = replace(results, hypotheses=(results.hypotheses[0], broken))
    with pytest.raises(UsageError, match=r"hypotheses\[1\]\.log_evidence"):
        summary(synthetic.record(), synthetic.check_report(), changed)


def forecast_rows() -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(forecast_csv(synthetic.results()))))


def test_the_forecast_table_is_tidy_and_complete() -> None:
    rows = forecast_rows()
    assert tuple(rows[0]) == COLUMNS
    points = len(synthetic.results().forecast.averaged)
    hypotheses = len(synthetic.hypotheses())
    value = synthetic.next_count()
    told = 6 * len((*value.by_date, *value.figure)) + 3 + 2 * len(value.best)
    assert len(rows) == (hypotheses + 1) * points * 7 + hypotheses + told
    assert {row["hypothesis"] for row in rows} == {
        "averaged",
        *(h.name for h in synthetic.hypotheses()),
    }


def test_the_forecast_table_tells_a_next_count_by_its_years_or_its_days() -> None:
    told = {
        (row["origin"], row["years"], row["quantity"]): float(row["value"])
        for row in forecast_rows()
        if row["quantity"].startswith("next_count_")
    }
    assert told["last-count", "0.25", "next_count_bits_b"] == 0.2
    assert told["last-count", "1", "next_count_p_decided_b"] == 0.9
    assert told["2012-01-15 2012-07-15", "", "next_count_bits_b"] == 0.37
    assert told["", "", "next_count_unknown_b"] == 0.97
    assert told["last-count", "1", "next_count_best_cost_to"] == 0.0222


@pytest.mark.parametrize(
    ("cost", "stated", "said"),
    [
        (0.01, {"cost": 0.01, "months": 12.0, "bits": 0.4, "worth": 0.28}, "12 months after the"),
        (0.05, {"cost": 0.05, "months": 3.0, "bits": 0.2, "worth": 0.05}, "3 months after the"),
        (0.07, {"cost": 0.07, "months": None, "bits": 0.0, "worth": 0.0}, "no count at these"),
    ],
)
def test_a_stated_cost_of_delay_stands_in_summary_and_sentence(
    cost: float, stated: dict[str, float | None], said: str
) -> None:
    results = synthetic.results()
    costed = replace(results, next_count=at_cost(results.next_count, cost))
    content = summary(synthetic.record(), synthetic.check_report(), costed)
    assert [e.message for e in Draft202012Validator(summary_schema()).iter_errors(content)] == []
    found: Any = content["next_count"]
    assert found["stated"] == stated
    found["stated"] = None
    assert content == summary(synthetic.record(), synthetic.check_report(), results)
    plain, sentence = (delay_sentence(x.next_count) for x in (results, costed))
    assert sentence.startswith(f"{plain} At the stated cost of {cost:.3f} bits a month ")
    assert said in sentence


def test_the_forecast_table_says_which_probability_is_which() -> None:
    def value(quantity: str) -> float:
        return float(
            next(
                row["value"]
                for row in forecast_rows()
                if (
                    row["hypothesis"],
                    row["origin"],
                    row["years"],
                    row["threshold"],
                    row["quantity"],
                )
                == ("averaged", "last-count", "2", "300", quantity)
            )
        )

    point = synthetic.results().forecast.averaged[1]
    assert value("point_in_time_p_below") == pytest.approx(point.p_below[300], rel=1e-5)
    assert value("first_passage_p_below") == pytest.approx(point.p_below_by_then[300], rel=1e-5)
