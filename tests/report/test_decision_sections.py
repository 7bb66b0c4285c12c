"""Plans and a regimen search in the report: only if asked for, with what is not known first."""

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import fields, replace
from datetime import date, timedelta
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from lymphocast.errors import UsageError
from lymphocast.forecast import plan_results, regimen_results
from lymphocast.forecast.plan_results import DoseTrack, PlanForecast
from lymphocast.forecast.regimen_results import RegimenSearch
from lymphocast.forecast.results import Answer
from lymphocast.report.blocks import Block, Document, Drawing, Mark, Paragraph, Table, Tone
from lymphocast.report.claims_decisions import dose_words
from lymphocast.report.document import build_document
from lymphocast.report.html import render_html
from lymphocast.report.plan_tables import plan_csv, plan_json, plan_lines
from lymphocast.report.regimen_tables import regimen_json
from lymphocast.report.summary import summary, summary_schema
from lymphocast.units import Quantity
from tests.report import decisions, reading, synthetic
from tests.report.test_document import SECTIONS

PLANS, SEARCH = decisions.plans(), decisions.search()
UNJUDGED = replace(PLANS, sensitivity=None)
UNTREATED = "Every forecast assumes no treatment."


def made(plans: PlanForecast | None = PLANS, search: RegimenSearch | None = SEARCH) -> Document:
    svgs = () if plans is None else (synthetic.SVG, synthetic.SVG)
    return build_document(
        synthetic.record(), synthetic.check_report(), synthetic.results(), synthetic.SVG,
        plans=plans, plan_svgs=svgs, search=search,
    )  # fmt: skip


def summed(
    plans: PlanForecast | None = PLANS, search: RegimenSearch | None = SEARCH
) -> dict[str, Any]:
    record, check = synthetic.record(), synthetic.check_report()
    return summary(record, check, synthetic.results(), plans=plans, search=search)


@cache
def asked() -> Document:
    return made()


@cache
def numbers() -> dict[str, Any]:
    return summed()


def blocks(document: Document, name: str) -> tuple[Block, ...]:
    return reading.section(document, name).blocks


def table(document: Document, section: str, caption: str) -> Table:
    return next(
        b for b in blocks(document, section) if isinstance(b, Table) and caption in b.caption
    )


def prose(document: Document, section: str) -> str:
    """The sentences of a section, without its tables."""
    kept = (b for b in blocks(document, section) if not isinstance(b, Table))
    return "\n".join(piece for block in kept for piece in reading.pieces(block))


@pytest.mark.parametrize(
    ("plans", "search", "added"),
    [
        (None, None, ()),
        (PLANS, None, ("plans",)),
        (None, SEARCH, ("regimens",)),
        (PLANS, SEARCH, ("plans", "regimens")),
    ],
)
def test_a_section_stands_for_what_was_asked_for_and_the_rest_stays(
    plans: PlanForecast | None, search: RegimenSearch | None, added: tuple[str, ...]
) -> None:
    document, alone = made(plans, search), made(None, None)
    after = SECTIONS.index("outlook") + 1
    names = tuple(s.id for s in document.sections)
    assert names == (*SECTIONS[:after], *added, *SECTIONS[after:])
    content = summed(plans, search)
    assert ("plans" in content, "search" in content) == (bool(plans), bool(search))
    assert content == {key: numbers()[key] for key in content}
    moved = {
        name for name in SECTIONS if reading.section(document, name) != reading.section(alone, name)
    }
    assert moved == ({"outlook", "methods"} if added else set())


def test_no_treatment_is_said_only_of_the_forecasts_that_assume_it() -> None:
    assert UNTREATED in reading.section_text(made(None, None), "outlook")
    text = reading.section_text(asked(), "outlook")
    assert UNTREATED not in text
    assert "Every forecast of this section, and of the summary, assumes no treatment." in text
    for title in ("Plans side by side", "Regimens that could meet the goal"):
        assert f"“{title}”" in text
        assert any(s.title == title for s in asked().sections)
    assert "Regimens that" not in reading.section_text(made(PLANS, None), "outlook")


@pytest.mark.parametrize(
    ("plans", "search", "command"),
    [
        (None, None, "report fit.nc -o"),
        (PLANS, None, "report fit.nc --plan plan.yaml --sensitivity -o"),
        (UNJUDGED, None, "report fit.nc --plan plan.yaml -o"),
        (None, SEARCH, "report fit.nc --goal goal.yaml --sensitivity -o"),
        (UNJUDGED, SEARCH, "report fit.nc --plan plan.yaml --goal goal.yaml --sensitivity -o"),
    ],
)
def test_how_to_reproduce_names_what_was_asked_for(
    plans: PlanForecast | None, search: RegimenSearch | None, command: str
) -> None:
    assert command in reading.section_text(made(plans, search), "methods")


@pytest.mark.parametrize(("section", "banners"), [("plans", 1), ("regimens", 2)])
def test_banners_stand_before_every_number(section: str, banners: int) -> None:
    found = blocks(asked(), section)
    tones = [b.tone for b in found[:banners] if isinstance(b, Paragraph)]
    assert tones == [Tone.BANNER] * banners
    assert "By assumption" in next(reading.pieces(found[0]))
    others = [b for b in found[banners:] if isinstance(b, Paragraph)]
    assert all(b.tone is not Tone.BANNER for b in others)


def test_without_a_banner_none_is_shown() -> None:
    informed = replace(PLANS, notes=PLANS.notes[1:])
    found = blocks(made(informed, replace(SEARCH, banners=())), "plans")
    assert all(b.tone is not Tone.BANNER for b in found if isinstance(b, Paragraph))
    assert PLANS.notes[1] in reading.section_text(made(informed), "plans")


@pytest.mark.parametrize("caption", ["The count on", "Doses, and the infection"])
def test_each_plan_has_its_average_and_every_hypothesis(caption: str) -> None:
    rows = table(asked(), "plans", caption).rows
    groups = [row.cells[0] for row in rows if row.mark is Mark.GROUP]
    assert groups == [row.label for row in PLANS.rows]
    assert sum(row.mark is Mark.AVERAGED for row in rows) == len(groups)
    labels = [h.label for h in synthetic.hypotheses()]
    assert [row.cells[0] for row in rows if row.mark is Mark.PLAIN] == labels * len(groups)


def test_each_verdict_on_the_last_day_stands_with_its_range_under_its_plan() -> None:
    rows = table(asked(), "plans", "Verdicts on").rows
    assert [row.cells[0] for row in rows if row.mark is Mark.GROUP] == [r.label for r in PLANS.rows]
    assert rows[1].cells == (
        "<300 by then", "0.32", "0.32", "0.42", "undecided", "base analysis", "slow drift"
    )  # fmt: skip
    lines = plan_lines(PLANS)
    start = lines.index(next(x for x in lines if x.startswith("Verdicts over 2 analyses")))
    assert lines[start + 2].split() == [
        "no", "treatment", "<300", "by", "then", "0.32", "0.32", "0.42", "undecided"
    ]  # fmt: skip


def test_verdicts_of_another_day_or_threshold_are_not_shown_with_the_last() -> None:
    found = PLANS.sensitivity
    assert found is not None
    first = found.verdicts[0]
    others = (replace(first, day=date(2014, 11, 15)), replace(first, threshold=200))
    elsewhere = replace(PLANS, sensitivity=replace(found, verdicts=(*others, *found.verdicts)))
    assert plan_lines(elsewhere) == plan_lines(PLANS)
    assert plan_csv(elsewhere) != plan_csv(PLANS)


def test_all_parts_of_the_figure_are_shown_and_described() -> None:
    drawings = [b for b in blocks(asked(), "plans") if isinstance(b, Drawing)]
    assert len(drawings) == 2
    assert all("by the count" in drawing.description for drawing in drawings)


def test_what_is_said_of_single_plans_is_shown() -> None:
    text = prose(asked(), "plans")
    assert all(remark in text for remark in PLANS.remarks)
    assert len(PLANS.remarks) == 1


def changed_plans(number: int, **values: object) -> PlanForecast:
    point = PLANS.rows[number].course.averaged.points[-1]
    return decisions.with_averaged(PLANS, number, replace(point, **values))


def changed_first(**values: object) -> RegimenSearch:
    first, *others = SEARCH.given.rows
    return replace(SEARCH, given=replace(SEARCH.given, rows=(replace(first, **values), *others)))


def changed_table(**values: object) -> RegimenSearch:
    return replace(SEARCH, given=replace(SEARCH.given, **values))


def fall_verdict(**values: object) -> PlanForecast:
    """Return the plans with another verdict on the fall under the last of them."""
    found = PLANS.sensitivity
    assert found is not None
    *others, last = found.verdicts
    changed = replace(last, verdict=replace(last.verdict, **values))
    return replace(PLANS, sensitivity=replace(found, verdicts=(*others, changed)))


def changed_verdict(**values: float) -> RegimenSearch:
    """Return the search with another verdict on its first table."""
    found = SEARCH.given.sensitivity
    assert found is not None
    verdicts = (replace(found.verdicts[0], **values),)
    return changed_table(sensitivity=replace(found, verdicts=verdicts))


@pytest.mark.parametrize(
    ("plans", "old", "new"),
    [
        (
            changed_plans(0, latent=synthetic.around(222.0)),
            "the count on 15 November 2015 is 310 cells/µL",
            "the count on 15 November 2015 is 220 cells/µL",
        ),
        (
            changed_plans(1, p_below_by_then={300: 0.9}),
            "most likely under “no treatment” (0.32) and least under “tapered” (0.21)",
            "most likely under “tapered” (0.90) and least under “by the count” (0.24)",
        ),
        (
            changed_plans(2, p_above_by_then={500: 0.456}),
            "at 500 or more with probability 0.21. The",
            "at 500 or more with probability 0.46. The",
        ),
        (replace(PLANS, draws=250), "1,000 draws", "250 draws"),
        (UNJUDGED, "two analyses, none of the three", "No verdicts: how these probabilities"),
        (fall_verdict(answer=Answer.NO), " none of the three prob", " one of the three prob"),
        (
            fall_verdict(highest=0.91),
            "“<300 by then” under “by the count”: from 0.24 (base analysis) to 0.54 (slow drift)",
            "“<300 by then” under “by the count”: from 0.24 (base analysis) to 0.91 (slow drift)",
        ),
        (replace(PLANS, seed=99), "(seed 7)", "(seed 99)"),
        (
            replace(PLANS, until=PLANS.until + timedelta(days=1)),
            "to 15 November 2015, each",
            "to 16 November 2015, each",
        ),
    ],
)
def test_changed_plans_change_their_sentences(plans: PlanForecast, old: str, new: str) -> None:
    document = made(plans)
    before, after = (prose(d, "plans").replace("\u00a0", " ") for d in (asked(), document))
    assert old in before
    assert new not in before
    assert new in after
    assert summed(plans)["plans"] != numbers()["plans"]
    assert prose(document, "regimens") == prose(asked(), "regimens")


@pytest.mark.parametrize(
    ("search", "old", "new"),
    [
        (changed_first(utility=0.777), "mean utility 0.850", "mean utility 0.777"),
        (changed_first(regret=0.321), "mean regret 0.15", "mean regret 0.32"),
        (changed_first(p_best=0.64), "best most often is “no drug”", "share of 0.64 of"),
        (changed_table(chance=0.456), "it would be 0.33", "it would be 0.46"),
        (changed_table(compared=77), "Of 41 regimens", "Of 77 regimens"),
        (
            changed_table(best_under=dict.fromkeys(SEARCH.given.best_under, "no drug")),
            "first under two of the three explanations",
            "first under none of the three explanations",
        ),
        (changed_table(feasible=False), "comes first: mean", "No regimen keeps every limit"),
        (changed_table(reasons=("no regimen keeps x",)), "Of 41", "No regimen keeps x."),
        (changed_verdict(lowest=0.123), "Undecided: 0.70, from 0.30", "0.70, from 0.12 to"),
        (changed_table(sensitivity=None), "over two analyses", "No verdicts: how the ranking"),
        (replace(SEARCH, title="another"), "Goal “keep the count”", "Goal “another”"),
        (replace(SEARCH, draws=444), "same 1,000 draws", "same 444 draws"),
    ],
)  # fmt: skip
def test_a_changed_search_changes_its_sentences(search: RegimenSearch, old: str, new: str) -> None:
    document = made(search=search)
    before, after = (prose(d, "regimens") for d in (asked(), document))
    assert old in before
    assert new not in before
    assert new in after
    assert summed(search=search)["search"] != numbers()["search"]
    assert prose(document, "plans") == prose(asked(), "plans")


def test_the_goal_is_named_by_its_targets_and_limits() -> None:
    text = prose(asked(), "regimens")
    assert f"Targets: {decisions.TARGET}; limits: {decisions.LIMIT}." in text
    free = changed_first(p_broken={})
    assert f"Targets: {decisions.TARGET}; no limit." in prose(made(search=free), "regimens")


def test_both_rankings_their_fronts_and_what_moves_them_are_shown() -> None:
    captions = [b.caption for b in blocks(asked(), "regimens") if isinstance(b, Table)]
    assert captions[0] == "The first 3 of 41 regimens"
    assert captions[5] == "The first 2 of 12 regimens"
    assert sum("Trade-off front" in caption for caption in captions) == 2
    assert sum("comes first under each explanation" in caption for caption in captions) == 2
    ranked = table(asked(), "regimens", "The first 3").rows
    assert [row.cells[0] for row in ranked] == [
        f"{place}  {r.regimen} *" for place, r in enumerate(SEARCH.given.rows, 1)
    ]
    assert "Extrapolation" in reading.section_text(asked(), "regimens")
    alone = made(search=replace(SEARCH, extrapolated=None))
    assert "Extrapolation" not in reading.section_text(alone, "regimens")


def test_explanations_are_named_with_their_weight_and_presets_without() -> None:
    under = table(asked(), "regimens", "comes first under each").rows
    weight = sum(h.weight for h in synthetic.hypotheses() if h.il2 and h.course == "stable")
    assert under[0].cells[:2] == ("IL-2 adds cells; stable count", f"{weight:.2f}")
    assert under[2].cells == ("Sceptical prior", "–", SEARCH.given.rows[0].regimen)


@pytest.mark.parametrize(
    ("plans", "search"),
    [
        (None, None),
        (PLANS, None),
        (None, SEARCH),
        (replace(PLANS, maintenance=Quantity(11.0, "M[IU]")), replace(SEARCH, extrapolated=None)),
        (changed_plans(0, infection=None), SEARCH),
    ],
)
def test_the_summary_follows_its_schema(
    plans: PlanForecast | None, search: RegimenSearch | None
) -> None:
    validator = Draft202012Validator(summary_schema())
    assert [error.message for error in validator.iter_errors(summed(plans, search))] == []


def test_a_strange_key_in_plans_or_search_is_invalid() -> None:
    validator = Draft202012Validator(summary_schema())
    plans, search = deepcopy(numbers()), deepcopy(numbers())
    plans["plans"]["rows"][0]["extra"] = 1
    search["search"]["given"]["rows"][0]["extra"] = 1
    assert validator.is_valid(numbers())
    assert not validator.is_valid(plans)
    assert not validator.is_valid(search)


@pytest.mark.parametrize(
    ("kind", "name", "without"),
    [
        (plan_results.PlanForecast, "plans", {"curves"}),
        (plan_results.PlanRow, "plan_row", set()),
        (plan_results.PlanCourse, "plan_course", set()),
        (plan_results.PlanPoint, "plan_point", set()),
        (plan_results.InfectionAhead, "infection_ahead", set()),
        (plan_results.DoseStep, "dose_step", set()),
        (plan_results.PlanSensitivity, "plan_sensitivity", set()),
        (plan_results.PlanSensitivityRow, "plan_change", set()),
        (plan_results.PlanVerdict, "plan_verdict", set()),
        (regimen_results.RegimenSearch, "search", set()),
        (regimen_results.RegimenTable, "regimen_table", set()),
        (regimen_results.RegimenRow, "regimen_row", set()),
        (regimen_results.FrontPoint, "front_point", set()),
    ],
)
def test_the_schema_names_every_result(kind: type, name: str, without: set[str]) -> None:
    definitions: Any = summary_schema()["$defs"]
    assert set(definitions[name]["properties"]) == {f.name for f in fields(kind)} - without


def test_the_summary_holds_what_the_commands_write() -> None:
    content, schema = numbers(), {"schema"}
    for text, key in ((plan_json(PLANS), "plans"), (regimen_json(SEARCH), "search")):
        written = json.loads(text)
        assert json.loads(json.dumps(content[key])) == {
            k: v for k, v in written.items() if k not in schema
        }


@pytest.mark.parametrize(
    ("broken", "place"),
    [
        (lambda: summed(changed_plans(1, p_below={300: float("nan")})), r"plans\.rows\[1\]"),
        (lambda: summed(search=changed_first(regret=float("inf"))), r"search\.given\.rows\[0\]"),
    ],
)  # fmt: skip
def test_a_number_that_is_not_finite_is_refused_by_its_place(
    broken: Callable[[], object], place: str
) -> None:
    with pytest.raises(UsageError, match=place):
        broken()


def test_the_page_holds_both_sections() -> None:
    page = render_html(asked())
    assert '<section id="plans">' in page
    assert '<section id="regimens">' in page


@pytest.mark.parametrize(
    ("levels", "given", "words"),
    [
        (((0, 0.0),), False, "no drug"),
        (((0, 1.0),), False, "weekly dose 1.0"),
        (((0, 1.0),), True, "weekly dose 1.0, held or missed in some draws"),
        (((0, 0.0), (31, 0.5)), False, "weekly dose none at first, 0.50 from 16 December 2013"),
    ],
)
def test_doses_are_said_step_by_step(
    levels: tuple[tuple[int, float], ...], given: bool, words: str
) -> None:
    steps = decisions.steps(*levels)
    said = dose_words(DoseTrack(steps, steps if given else ()))
    assert said.replace("\u00a0", " ") == words


@pytest.mark.parametrize(("steps", "more"), [(6, False), (7, True)])
def test_many_steps_are_said_by_their_end(steps: int, more: bool) -> None:
    levels = [(30 * i, 1.0 - i / 10.0) for i in range(steps + 1)]
    said = dose_words(DoseTrack(decisions.steps(*levels), ()))
    assert ("in one further step" in said) is more
    assert said.count("from") == 6
