"""Model, priors, limits, the methods paragraph, how to reproduce, and references."""

import re
from collections.abc import Iterator
from typing import Final

from lymphocast.dataset.not_read import NotRead
from lymphocast.forecast.results import PriorLine, Results
from lymphocast.record.patient import PatientRecord
from lymphocast.report.blocks import (
    Block,
    Bullets,
    Column,
    Equation,
    Equations,
    Listing,
    Mark,
    Paragraph,
    Row,
    Section,
    Subheading,
    Table,
)
from lymphocast.report.claims import CLEARANCE_VERDICT, method
from lymphocast.report.marginals import is_asked
from lymphocast.report.naming import name_of
from lymphocast.report.wording import (
    METHOD_WORDS,
    capital,
    number,
    numeral,
    prose,
    small,
    stated,
    unit,
    words,
)

DOI: Final = re.compile(r"10\.\d{4,9}/[^\s;,\"<>]+[^\s;,.\"<>)]")
GRADES: Final = {"V": "seen in print", "D": "derived", "assumed": "ASSUMED"}

DEFINITIONS: Final = (
    "Definition of idiopathic CD4 lymphopenia: MMWR 1992;41:541, as quoted by Zonios DI et al. "
    "Blood 2008;112:287-94 (doi:10.1182/blood-2007-12-127878).",
    "Reference change value: Harris EK, Yasaka T. Clin Chem 1983;29:25-30; variation of a count "
    "within a person: Gordon CL et al. PLoS One 2015;10:e0125248 "
    "(doi:10.1371/journal.pone.0125248).",
    "Importance sampling with a defensive mixture: Hesterberg T. Technometrics 1995;37:185-94 "
    "(doi:10.1080/00401706.1995.10484303).",
    "Strength of evidence: Kass RE, Raftery AE. J Am Stat Assoc 1995;90:773-95 "
    "(doi:10.1080/01621459.1995.10476572).",
    "Dose relative to the maintenance dose: Jacqmin P et al. 2007 (doi:10.1007/s10928-006-9035-z).",
)

COURSE: Final = (
    Equation("T(t) = N(t) + X(t)", "the latent CD4 count: natural course plus what IL-2 added"),
    Equation(
        "dX/dt = k (A E(t) − X),  X(start) = 0,  k = ln 2 / t_half",
        "IL-2 adds cells towards a plateau gain A; the gain is lost with half-life t_half",
    ),
    Equation(
        "E = u (1 + u50) / (u + u50)",
        "effect of the weekly dose u, relative to this patient's own maintenance dose; E = 1 there",
    ),
    Equation("N = T0", "stable course"),
    Equation(
        "N = T0 + (Tn − T0)⁺ (1 − exp(−(t − τ)⁺ / d))",
        "recovery by itself, beginning at an unknown time τ, towards a normal count Tn",
    ),
    Equation(
        "N = Tn exp(−δ exp(−(t − t_lift)⁺ / d_I))",
        "the infection had lowered the count; its effect lifts from t_lift on",
    ),
    Equation(
        "ln y ~ Normal(ln T, σ)",
        "a measured count y scatters around the latent count on the logarithmic scale",
    ),
    Equation(
        "db/dt = g − kc [antibiotic given, not yet resistant] − kT ln(T/T0)⁺",
        "b is the logarithm of the bacterial burden above the detection limit of a culture, held "
        "between a floor and a little above its initial value b0; kT = 0 unless a higher count "
        "hastens clearance",
    ),
    Equation(
        "ds/dt = (clip(b/b0, 0, 1) − s) / delay",
        "severity s of symptoms follows the burden with a mean delay (called ds among the priors)",
    ),
    Equation(
        "P(culture negative) = 1 / (1 + exp(b/w))",
        "probability that one culture is negative; w is a fixed width",
    ),
)

HOW: Final = {
    "is": " from a defensive mixture of the prior and multivariate t distributions fitted to a "
    "pilot sample (Hesterberg 1995)",
}
"""How a method works, for the methods paragraph, by its name in a fit."""

OF_CLEARANCE: Final = (
    "That a higher CD4 count hastens clearance of the infection is a hypothesis with weight, not a "
    "finding; in HIV, trials that raised the count with IL-2 saw no fewer opportunistic diseases."
)

LIMITS: Final = (
    "Dose acts relative to the patient's own maintenance dose: the fitted gain cannot be carried "
    "to another product or patient.",
    "One maintenance dose level cannot inform the shape of the dose-response.",
    "A handful of counts cannot inform the within-patient variability of a count; it comes from "
    "the literature, and the sensitivity table varies it.",
    "Left out: CD8 and NK cells, the CD4 percentage, the time of day of a count, redistribution of "
    "lymphocytes in the days after a dose (a count that the record dates so has a wider error), "
    "receptor induction and antibodies, drug concentrations, drugs and illnesses that the source "
    "does not mention.",
    OF_CLEARANCE,
    "The patient was reported because of his course. Conditioning on the low first count corrects "
    "for one part of this selection; that the outcome made the case worth publishing is not "
    "corrected.",
)


COURSE_OF_COUNTS: Final = COURSE[:7]
"""The equations of the count alone."""


def model_section(record: PatientRecord, results: Results) -> Section:
    """Return the equations, the priors with their sources, what is not read, and the limits."""
    return Section(
        "model",
        "Model, priors and limits",
        (
            Paragraph(
                "x⁺ is the positive part of x. Joint hypotheses switch the IL-2 gain on or off, "
                "choose one of the three natural courses, and switch the dependence of clearance "
                "on the count on or off. Uncertain dates of counts are unknowns within their "
                "intervals, and so are those of the events that counts, doses and the lift of an "
                "infection hang on; they are shared by all facts that hang on the same event. "
                "Everything else stands on one day: cultures, symptoms, doses that hang on no "
                "event, the beginning of the infection's course, and the clock of recovery, on the "
                "first of its possible days. Where the record leaves such a day open, it is listed "
                "among the assumptions of the analysis."
            ),
            *_untold(results),
            Equations(COURSE if is_asked(results, CLEARANCE_VERDICT) else COURSE_OF_COUNTS),
            prior_table(results.priors),
            *_not_read(record, results.not_read),
            Subheading("Limits"),
            Bullets(_limits(results)),
        ),
    )


def _untold(results: Results) -> Iterator[Paragraph]:
    for question in results.unasked:
        yield Paragraph(question.why, lead="By construction.")


def _limits(results: Results) -> tuple[str, ...]:
    told = is_asked(results, CLEARANCE_VERDICT)
    return tuple(text for text in LIMITS if told or text != OF_CLEARANCE)


def _not_read(record: PatientRecord, rows: tuple[NotRead, ...]) -> Iterator[Block]:
    if rows:
        named = [tuple(n for f in r.facts if (n := name_of(record, f)) != f) for r in rows]
        yield Subheading("Recorded facts that the model does not read")
        yield Bullets(tuple(not_read_sentence(r, n) for r, n in zip(rows, named, strict=True)))


def not_read_sentence(row: NotRead, facts: tuple[str, ...]) -> str:
    """Return which facts of one kind, named as given, the model does not read, and why."""
    named = f" ({'; '.join(facts)})" if facts else ""
    return f"{capital(row.what)}{named}: {row.why}."


def prior_table(priors: tuple[PriorLine, ...]) -> Table:
    """Return every prior with its source, grade and rationale."""
    return Table(
        "Priors and fixed values",
        (
            Column("Parameter", 2.6),
            Column("Unit", 0.9),
            Column("Prior", 2.2),
            Column("Grade", 1.2),
            Column("Source (DOI)", 2.8),
            Column("Rationale", 4.6),
        ),
        tuple(
            Row(
                (
                    p.meaning or p.parameter,
                    unit(p.unit) or "–",
                    p.distribution,
                    GRADES.get(p.grade, p.grade),
                    p.doi or "–",
                    prose(p.rationale),
                ),
                Mark.ASSUMED if p.grade == "assumed" else Mark.PLAIN,
            )
            for p in priors
        ),
        "Grade: seen in print, derived from printed numbers by arithmetic, or ASSUMED by the "
        "analyst.",
    )


def methods_section(
    record: PatientRecord, results: Results, asked: tuple[str, ...] = ()
) -> Section:
    """Return a methods paragraph for a manuscript, and how to reproduce the report.

    ``asked`` are the options by which the report was asked for more.
    """
    return Section(
        "methods",
        "Methods and reproduction",
        (
            Subheading("Methods paragraph"),
            Paragraph(methods_paragraph(record, results)),
            Subheading("How to reproduce"),
            Paragraph("The same versions, record, priors and seed give the same numbers."),
            Listing(_commands(record, results, asked)),
            Table(
                "What the numbers depend on",
                (Column("Item", 2), Column("Value", 6)),
                (
                    Row(("Seed", str(results.fit.seed))),
                    Row(("Record, SHA-256", results.record_sha256)),
                    Row(("Priors, SHA-256", results.priors_sha256)),
                    *(Row((name, v)) for name, v in sorted(results.versions.items())),
                ),
            ),
        ),
    )


def methods_paragraph(record: PatientRecord, results: Results) -> str:
    """Return the methods in one paragraph, ready for a manuscript."""
    hypotheses = small(len(results.hypotheses), "joint hypothesis", "joint hypotheses")
    questions = small(len(results.verdicts), "question")
    analyses = small(len(results.sensitivity), "analysis", "analyses")
    changed = max(len(results.sensitivity) - 1, 0)
    return (
        f"We analysed {_data(record, results)} of one patient with a course model of the CD4 count "
        "in which interleukin-2 adds cells towards a bounded plateau (effect relative to the "
        "patient's own maintenance dose); the natural course is stable, recovers by itself, or had "
        f"been lowered by an infection{_jointly(results)}. Uncertain dates of counts and of the "
        "events that counts and doses hang on were treated as unknown within their intervals; "
        "other facts stand on the days listed as assumptions. Every hypothesis was conditioned on "
        "a low latent count when the patient was identified. "
        f"Counts had log-normal error. Posterior and evidence of {hypotheses} were computed by "
        f"{_computed(results)}, and hypotheses were averaged with weights proportional to prior "
        f"weight times evidence. {_grades(results.priors)} The answers to {questions} follow a "
        f"fixed rule over {analyses} (the base analysis and {numeral(changed)} with a changed "
        f"assumption). Software: {_software(results)}."
    )


def _jointly(results: Results) -> str:
    if is_asked(results, CLEARANCE_VERDICT):
        return "; and the mycobacterial burden, cultures and symptoms are modelled jointly"
    return " (the record has no culture or symptom, so nothing is said of the infection itself)"


def _computed(results: Results) -> str:
    fit = results.fit
    how = HOW.get(fit.method, "")
    return (
        f"{method(fit)}{how} ({stated(fit.draws)} weighted draws, smallest effective sample "
        f"size {number(fit.ess_min, 2)}, seed {fit.seed})"
    )


def _grades(priors: tuple[PriorLine, ...]) -> str:
    free = [p for p in priors if not p.distribution.startswith("fixed")]
    found = tuple(
        f"{numeral(n)} {how_}"
        for grade, how_ in (
            ("V", "taken from printed numbers"),
            ("D", "derived from printed numbers"),
            ("assumed", "assumed"),
        )
        if (n := sum(p.grade == grade for p in free))
    )
    return (
        f"The {numeral(len(free))} priors comprise {words(found)}; all are listed with their "
        f"sources, as are {small(len(priors) - len(free), 'fixed value')}."
    )


def _software(results: Results) -> str:
    names = ("lymphocast", *(n for n in sorted(results.versions) if n != "lymphocast"))
    return words(tuple(f"{n} {results.versions[n]}" for n in names if n in results.versions))


def _data(record: PatientRecord, results: Results) -> str:
    parts = (
        (len(results.observed), "CD4 count", ""),
        (len(record.cultures), "culture report", ""),
        (len(record.symptoms), "symptom report", ""),
    )
    return words(tuple(small(n, one, many) for n, one, many in parts if n))


def _commands(record: PatientRecord, results: Results, asked: tuple[str, ...]) -> tuple[str, ...]:
    known = results.fit.method in METHOD_WORDS
    option = f" --method {results.fit.method}" if known else ""
    return (
        f"lymphocast fit {record.id}{option} --seed {results.fit.seed} -o fit.nc",
        " ".join(("lymphocast report fit.nc", *asked, "-o report.html")),
    )


def references_section(record: PatientRecord, results: Results) -> Section:
    """Return the sources of the record and the publications that the priors cite."""
    return Section("references", "References", tuple(_references(record, results)))


def _references(record: PatientRecord, results: Results) -> Iterator[Block]:
    yield Subheading("Sources of the record")
    yield Bullets(
        tuple(
            f"{s.id}: {s.citation}" + _identifiers(s.doi, s.pmid) + (f" {s.note}" if s.note else "")
            for s in record.sources
        )
    )
    yield Subheading("Definitions and methods")
    yield Bullets(DEFINITIONS)
    if found := cited(results.priors):
        yield Subheading("Publications cited by the priors")
        yield Bullets(tuple(f"doi:{doi} ({'; '.join(names)})" for doi, names in found))


def _identifiers(doi: str | None, pmid: str | None) -> str:
    known = ((f"doi:{doi}" if doi else ""), (f"PMID {pmid}" if pmid else ""))
    text = ", ".join(part for part in known if part)
    return f" ({text})" if text else ""


def cited(priors: tuple[PriorLine, ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return each cited DOI with the parameters whose prior cites it."""
    found: dict[str, list[str]] = {}
    for line in priors:
        for doi in dict.fromkeys(DOI.findall(f"{line.doi} {line.rationale}")):
            found.setdefault(doi, []).append(line.meaning or line.parameter.replace("_", " "))
    return tuple((doi, tuple(names)) for doi, names in sorted(found.items()))
