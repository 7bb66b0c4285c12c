"""The report as typed sections: one document, laid out by the HTML and the PDF writer."""

from lymphocast.criteria.check import CheckReport
from lymphocast.forecast.plan_results import PlanForecast
from lymphocast.forecast.regimen_results import RegimenSearch
from lymphocast.forecast.results import Results
from lymphocast.forecast.trial.characteristics import Characteristics
from lymphocast.record.patient import PatientRecord
from lymphocast.report.blocks import Document, Drawing, Section
from lymphocast.report.change_section import change_section, claims_section
from lymphocast.report.claims import counts_sentence
from lymphocast.report.courses_section import courses_section
from lymphocast.report.effect_section import effect_section
from lymphocast.report.hypothesis_section import hypotheses_section
from lymphocast.report.method_section import (
    methods_section,
    model_section,
    references_section,
)
from lymphocast.report.outlook_section import outlook_section
from lymphocast.report.plan_section import plan_section
from lymphocast.report.record_section import record_section
from lymphocast.report.regimen_section import regimen_section
from lymphocast.report.summary_section import limits_of_use_section, summary_section
from lymphocast.report.trial_section import trial_section


def build_document(
    record: PatientRecord,
    check_report: CheckReport,
    results: Results,
    figure_svg: str,
    courses_svg: str = "",
    *,
    plans: PlanForecast | None = None,
    plan_svgs: tuple[str, ...] = (),
    search: RegimenSearch | None = None,
    trial: Characteristics | None = None,
) -> Document:
    """Return the report on one patient.

    Parameters
    ----------
    record, check_report, results
        The record, what its check found, and what the fit says.
    figure_svg
        The treatment figure as an SVG document.
    courses_svg
        The figure of courses as an SVG document; left out if empty.
    plans, plan_svgs
        A forecast of plans and its figure, perhaps in parts, for a section of their own.
    search
        A regimen search, for a section of its own.
    trial
        The operating characteristics of a virtual trial, for a section of their own.
    """
    asked = (
        *(() if plans is None else (plan_section(record, results, plans, plan_svgs),)),
        *(() if search is None else (regimen_section(record, results, search),)),
    )
    return Document(
        title=record.title,
        subtitle=f"Report on the case {record.id}",
        sections=(
            summary_section(record, check_report, results),
            figure_section(results, figure_svg),
            limits_of_use_section(),
            record_section(record, check_report, results.standing),
            hypotheses_section(results),
            effect_section(record, results),
            courses_section(results, courses_svg),
            outlook_section(results, tuple(section.title for section in asked)),
            *asked,
            *(() if trial is None else (trial_section(trial),)),
            change_section(record, check_report, results),
            claims_section(record, results),
            model_section(record, results),
            methods_section(record, results, _options(plans, search, trial)),
            references_section(record, results),
        ),
    )


def _options(
    plans: PlanForecast | None, search: RegimenSearch | None, trial: Characteristics | None
) -> tuple[str, ...]:
    """The options of the command by which the report was asked for more."""
    tables = (plans, None if search is None else search.given)
    given = {
        "--plan plan.yaml": plans is not None,
        "--goal goal.yaml": search is not None,
        "--sensitivity": any(x is not None and x.sensitivity is not None for x in tables),
        "--trial trial": trial is not None,
    }
    return tuple(option for option, wanted in given.items() if wanted)


def figure_section(results: Results, figure_svg: str) -> Section:
    """Return the treatment figure with its caption and a description in words."""
    caption = (
        "Treatment, counts and the fitted course. Counts are drawn at the intervals in which they "
        "were taken; bands are the central 50 % and 90 % of the latent count, averaged over the "
        "explanations by their posterior weights. Letters name explanations, as in the summary."
    )
    drawing = Drawing(figure_svg, caption, counts_sentence(results.observed))
    return Section("figure", "The treatment figure", (drawing,))
