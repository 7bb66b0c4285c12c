"""The same patient under other courses of treatment: figure, tables, and what may be quoted."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from lymphocast.forecast.outcome_results import Chance, CourseOutcome
from lymphocast.forecast.results import Results
from lymphocast.report.blocks import (
    Block,
    Column,
    Drawing,
    Mark,
    Paragraph,
    Row,
    Section,
    Subheading,
    Table,
    Tone,
)
from lymphocast.report.claims_courses import DAY_LIMIT, Quote, quotes
from lymphocast.report.wording import (
    FACTUAL,
    OCCASION_WORDS,
    SCENARIO_WORDS,
    WITHOUT_ANTIBIOTIC,
    WITHOUT_IL2,
    between,
    capital,
    count_interval,
    day,
    listed,
    number,
    probability_range,
    prose,
    short_probability,
    small,
    weight,
)

SHOWN: Final = ("first-culture", "il2-stop", "last-count", "last-count+2y")
"""Named days of the table; the others stand in summary.json."""
BACK_BY: Final = "last-count+1y"
CAPTION: Final = (
    "The same patient under {courses} of treatment, in the same draws: the latent count with "
    "its central 50 % and 90 % bands{cultures}. One row for the average and for each explanation "
    "that weighs enough."
)
CULTURES: Final = ", and the probability that one culture on that day is negative"


NO_INFECTION: Final = (
    "The record has no culture or symptom that the model reads, so nothing is said of culture, "
    "symptoms and recurrence under any course."
)


def courses_section(results: Results, courses_svg: str) -> Section:
    """Return what other courses of treatment would have made of the whole course."""
    return Section(
        "courses",
        "Other courses of treatment",
        (
            Paragraph(_opening(results)),
            *_drawing(results, courses_svg),
            count_table(results),
            *_infection_tables(results),
            Paragraph(_errors(results), Tone.NOTE),
            Subheading("What is concluded, over the sensitivity table"),
            statement_table(results),
            *(Paragraph(f"Not asked: {u.question} {u.why}") for u in results.outcomes.unasked),
            Subheading("What may be quoted"),
            *(_quote(quote) for quote in quotes(results)),
        ),
    )


def _opening(results: Results) -> str:
    found = results.outcomes
    return (
        f"Areas and times are of {between(found.start, found.stop)}, from the first dose of IL-2 "
        "to the last count, each by the middle of its possible days. All courses run in the same "
        f"{found.draws} draws of each hypothesis; a difference is taken draw by draw, so it is "
        "exactly zero where a course does not differ from the one that was given. After the last "
        "count no course has any treatment."
    )


def _drawing(results: Results, svg: str) -> tuple[Block, ...]:
    if not svg:
        return ()
    means = "; ".join(
        f"{listed(SCENARIO_WORDS, c.scenario)} {count_interval(c.mean_count.value)}"
        for c in results.outcomes.courses.averaged
    )
    courses = small(len(results.outcomes.courses.averaged), "course")
    told = CULTURES if tells_of_infection(results) else ""
    caption = CAPTION.format(courses=courses, cultures=told)
    return (Drawing(svg, caption, f"Mean latent count over the window, cells/µL: {means}."),)


def _quote(quote: Quote) -> Paragraph:
    text = f"“{quote.sentence}”"
    if quote.may:
        return Paragraph(text, Tone.QUOTABLE, "May be quoted.")
    return Paragraph(f"{text} {quote.why}", Tone.REFUSED, "May not be quoted.")


Cells = Callable[[tuple[CourseOutcome, ...]], tuple[str, ...]]


def _rows(results: Results, cells: Cells) -> tuple[Row, ...]:
    found = results.outcomes.courses
    return (
        Row(("Averaged", "1", *cells(found.averaged)), Mark.AVERAGED),
        *(
            Row((h.label, weight(h.weight), *cells(found.by_hypothesis[h.name])))
            for h in results.hypotheses
        ),
    )


OPENING: Final = (Column("Hypothesis", 3), Column("Posterior weight", 1, numeric=True))


def count_table(results: Results) -> Table:
    """Return the mean count and the time above a threshold, as treated and without IL-2."""
    return Table(
        "The latent count over the whole time, as treated and without IL-2",
        (
            *OPENING,
            *(
                Column(f"{what}, {how}", 1.6, numeric=True)
                for what in ("Mean count", f"Days at {DAY_LIMIT} or more")
                for how in ("treated", "without", "difference")
            ),
        ),
        _rows(results, _counts),
        "Median (90 % interval); mean count in cells/µL: the area under the count divided by the "
        f"length of the time. Differences are paired by draw.{_without_antibiotic(results)} Other "
        "thresholds and areas stand in summary.json.",
    )


def _without_antibiotic(results: Results) -> str:
    there = WITHOUT_ANTIBIOTIC in _scenarios(results)
    return " Without clarithromycin the count is the same, by construction." if there else ""


def _scenarios(results: Results) -> tuple[str, ...]:
    return tuple(course.scenario for course in results.outcomes.courses.averaged)


def _counts(courses: tuple[CourseOutcome, ...]) -> tuple[str, ...]:
    by_name = {c.scenario: c for c in courses}
    real, other = by_name[FACTUAL], by_name[WITHOUT_IL2]
    means = (real.mean_count.value, other.mean_count.value, other.mean_count.lost)
    above, without = (c.days_above[DAY_LIMIT] for c in (real, other))
    days = (above.value, without.value, without.lost)
    return (*map(count_interval, means), *map(count_interval, days))


def tells_of_infection(results: Results) -> bool:
    """Return whether the courses say anything of cultures and symptoms."""
    return bool(results.outcomes.courses.averaged[0].infection)


def _infection_tables(results: Results) -> tuple[Block, ...]:
    if not tells_of_infection(results):
        return (Paragraph(NO_INFECTION),)
    return culture_table(results), recurrence_table(results)


def culture_table(results: Results) -> Table:
    """Return culture and symptoms on named days under each course."""
    factual = results.outcomes.courses.averaged[0]
    points = [p for p in factual.infection if p.occasion in SHOWN]
    titles = (f"{capital(listed(OCCASION_WORDS, p.occasion))}, {day(p.day)}" for p in points)
    columns = (*OPENING, *(Column(title, 1.6, numeric=True) for title in titles))
    return Table(
        "Culture and symptoms on named days, by course of treatment",
        columns,
        tuple(_grouped(results, _scenarios(results), _culture_cells)),
        "P(one culture on that day is negative), measured / P(burden below a culture's limit of "
        "detection by then), latent / P(symptoms resolved on that day), latent.",
    )


def _culture_cells(course: CourseOutcome) -> tuple[str, ...]:
    return tuple(
        _slashed(p.culture_negative, p.converted_by_then, p.symptoms_resolved)
        for p in course.infection
        if p.occasion in SHOWN
    )


def recurrence_table(results: Results) -> Table:
    """Return how likely infection and symptoms come back after each drug was stopped."""
    factual = results.outcomes.courses.averaged[0]
    origins = [r.origin for r in factual.recurrence if r.occasion == BACK_BY]
    titles = (f"After {listed(OCCASION_WORDS, origin)}" for origin in origins)
    columns = (*OPENING, *(Column(title, 1.6, numeric=True) for title in titles))
    return Table(
        f"Recurrence by {listed(OCCASION_WORDS, BACK_BY)}, by course of treatment",
        columns,
        tuple(_grouped(results, (FACTUAL, WITHOUT_IL2), _back_cells)),
        "P(burden below the limit of detection when the drug was stopped, and above it at some "
        "time by then) / the same of symptoms and the level read as resolved; latent, looked at "
        "every 30 days. What had never gone cannot come back" + _few_recurrences(results),
    )


def _few_recurrences(results: Results) -> str:
    if WITHOUT_ANTIBIOTIC not in _scenarios(results):
        return "."
    return (
        ": the courses without clarithromycin, which stand in summary.json, have few recurrences "
        "for that reason alone."
    )


def _back_cells(course: CourseOutcome) -> tuple[str, ...]:
    return tuple(
        _slashed(r.burden_back, r.symptoms_back) for r in course.recurrence if r.occasion == BACK_BY
    )


def _grouped(
    results: Results,
    scenarios: tuple[str, ...],
    cells: Callable[[CourseOutcome], tuple[str, ...]],
) -> Iterator[Row]:
    for scenario in scenarios:
        yield Row((capital(listed(SCENARIO_WORDS, scenario)),), Mark.GROUP)
        yield from _rows(results, partial(_of_course, scenario=scenario, cells=cells))


def _of_course(
    courses: tuple[CourseOutcome, ...],
    *,
    scenario: str,
    cells: Callable[[CourseOutcome], tuple[str, ...]],
) -> tuple[str, ...]:
    return cells(next(c for c in courses if c.scenario == scenario))


def _slashed(*chances: Chance) -> str:
    return " / ".join(short_probability(c.p) for c in chances)


def statement_table(results: Results) -> Table:
    """Return the statements on the courses with their verdicts."""
    analyses = small(len(results.sensitivity), "analysis", "analyses")
    return Table(
        "Statements on the courses and their verdicts",
        (
            Column("Statement", 3),
            Column("Answer", 1.2),
            Column("Probability", 1.2, numeric=True),
            Column(f"Range over {analyses}", 1.5, numeric=True),
            Column("What is asked, exactly", 4),
        ),
        tuple(
            Row(
                (
                    v.question,
                    v.answer.value,
                    short_probability(v.probability),
                    probability_range(v.lowest, v.highest),
                    prose(v.definition),
                )
            )
            for v in results.outcomes.statements
        ),
        "By the rule of the questions of the summary. Probabilities are averaged over the "
        "hypotheses, whose rows stand in the tables above.",
    )


def _errors(results: Results) -> str:
    """Return the largest Monte Carlo errors of the averages above."""
    courses = results.outcomes.courses.averaged
    chances = [
        c.p_se
        for course in courses
        for p in course.infection
        for c in (p.culture_negative, p.converted_by_then, p.symptoms_resolved)
    ]
    chances += [r.burden_back.p_se for c in courses for r in c.recurrence]
    means = max(c.mean_count.mean_lost_se for c in courses)
    days = max(c.days_above[DAY_LIMIT].mean_lost_se for c in courses)
    probabilities = f"{number(max(chances), 2)} for a probability, " if chances else ""
    return (
        f"Monte Carlo standard errors of the averages are at most {probabilities}"
        f"{number(means, 2)} cells/µL for the mean difference of the mean count, and "
        f"{number(days, 2)} days for that of the time at {DAY_LIMIT} or more; those of each "
        "hypothesis stand in summary.json."
    )
