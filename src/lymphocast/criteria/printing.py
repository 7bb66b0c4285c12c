"""A check as plain lines for people: what must be acted on first stands first.

Lines are at most ``WIDTH`` columns wide. What is met is told with its facts; what is not
established is told with what is missing, once for all criteria that miss the same.
"""

import textwrap
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from lymphocast.criteria.assessment import Assessment, Standing, Theme
from lymphocast.criteria.care import care_table
from lymphocast.criteria.check import CheckReport, TimelineView
from lymphocast.criteria.rcv import change_sentence
from lymphocast.record.issue import Issue, Severity

WIDTH = 100
FIRST = frozenset({"reference-change", "macrolide-monotherapy"})
"""Rules, besides errors, that stand first: is the fall real, does treatment breed resistance."""
DIAGNOSIS = frozenset({"icl-not-met", "icl-not-established"})
TREATMENT = frozenset(
    {
        "fewer-than-three-drugs",
        "macrolide-with-rifamycin",
        "treatment-shorter-than-guideline",
        "timing-confounded",
    }
)
GRADED, WATCHED = "ctcae.", "monitoring."


def check_lines(report: CheckReport) -> tuple[str, ...]:
    """Return a report as plain lines for people."""
    lines = [*_wrapped(f"{report.record_id}: {report.title}", "", "  ")]
    for heading, body in _groups(report):
        if body:
            lines += ["", heading.upper(), *body]
    lines += ["", ", ".join(_tally(report, severity) for severity in Severity)]
    return tuple(lines)


def check_text(report: CheckReport, *, care: bool = False) -> str:
    """Return a report as text for people, or only its CARE checklist as a Markdown table."""
    return "\n".join(care_table(report.care) if care else check_lines(report))


def _groups(report: CheckReport) -> Iterator[tuple[str, list[str]]]:
    """Return the headings and what stands under them."""
    first, rest = _split(report.issues, _is_first)
    notes, rest = _split(rest, lambda i: i.severity is Severity.INFO)
    diagnosis, rest = _split(rest, lambda i: i.rule in DIAGNOSIS)
    treatment, doubts = _split(rest, lambda i: i.rule in TREATMENT)
    urgent = [a for a in report.assessments if a.urgent and a.status is Standing.MET]
    yield "Act on first", [*_issues(first), *_met(urgent)]
    yield "Is the diagnosis established?", [*_issues(diagnosis), *_diagnoses(report)]
    yield "Contradictions and doubts in the record", [*_issues(doubts)]
    yield "Treatment", [*_issues(treatment), *_theme(report, Theme.TREATMENT)]
    yield "Safety (information, not advice)", [*_theme(report, Theme.SAFETY)]
    yield "Outcome of the infection", [*_theme(report, Theme.OUTCOME)]
    yield "Consecutive counts", [*_changes(report)]
    for view in report.timelines:
        yield f"Read as '{view.id}'", [*_view(view)]
    yield "Case report", [*_theme(report, Theme.REPORTING)]
    yield "Notes", [*_issues(notes)]


def _is_first(issue: Issue) -> bool:
    """Return whether a reader must act on an issue first."""
    return issue.severity is Severity.ERROR or issue.rule in FIRST


def _split(
    issues: Iterable[Issue], chosen: Callable[[Issue], bool]
) -> tuple[tuple[Issue, ...], tuple[Issue, ...]]:
    """Return the chosen issues and the others, each in their order."""
    both = [(issue, chosen(issue)) for issue in issues]
    return tuple(i for i, yes in both if yes), tuple(i for i, yes in both if not yes)


def _issues(issues: Iterable[Issue]) -> Iterator[str]:
    """Return issues with their facts and places."""
    for issue in issues:
        yield from _wrapped(f"{issue.severity.upper()} {issue.rule} [{issue.path}]", "", "    ")
        yield from _wrapped(issue.message, "  ", "  ")
        if issue.locators:
            yield from _wrapped(f"at {'; '.join(issue.locators)}", "  ", "     ")


def _diagnoses(report: CheckReport) -> Iterator[str]:
    """Return the definition of ICL item by item, and the other diagnoses."""
    icl = report.icl
    yield f"Idiopathic CD4 lymphopenia, {icl.edition}: {_words(icl.status)}"
    for (status, why), items in groupby(icl.items, key=lambda i: (i.status, i.why)):
        lead = f"  {_words(status):<10}  "
        names = "; ".join(item.name for item in items)
        yield from _wrapped(f"{names}: {why}", lead, " " * len(lead))
    readings = [a for a in report.assessments if a.criterion == "icl"]
    others = sorted({a.status for a in readings} - {Standing(icl.status.value)})
    if others:
        for a in readings:
            yield from _wrapped(f"{_words(a.status)}: {a.name}", "  ", "    ")
    yield from _plain(a for a in report.assessments if _other_diagnosis(a))


def _other_diagnosis(a: Assessment) -> bool:
    """Return whether an assessment is a diagnosis other than ICL, and no item of one."""
    return a.theme is Theme.DIAGNOSIS and a.criterion != "icl" and "." not in a.criterion


def _theme(report: CheckReport, theme: Theme) -> Iterator[str]:
    """Return the assessments of one theme, graded terms first."""
    chosen = [a for a in report.assessments if a.theme is theme]
    yield from _grades([a for a in chosen if a.criterion.startswith(GRADED)])
    yield from _plain(a for a in chosen if not a.criterion.startswith(GRADED))


def _plain(assessments: Iterable[Assessment]) -> Iterator[str]:
    """Return what is met, what is not met, and what is not established."""
    chosen = tuple(assessments)
    yield from _met(a for a in chosen if a.status is Standing.MET)
    refuted = [a for a in chosen if a.status is Standing.NOT_MET]
    for (edition, _), group in groupby(refuted, key=lambda a: (str(a.edition), _family(a))):
        yield from _wrapped(f"not met: {_together(group, edition)}", "", "    ")
    yield from _open([a for a in chosen if a.status is Standing.NOT_ESTABLISHED])


def _met(assessments: Iterable[Assessment]) -> Iterator[str]:
    """Return criteria that are met, with the facts that decide them."""
    for a in assessments:
        result = f"{a.result}: " if a.result else ""
        facts = f" [{', '.join(a.facts)}]" if a.facts else ""
        told = f"MET: {result}{a.name} ({a.edition}): {a.why}{facts}"
        yield from _wrapped(told, "", "    ")


def _open(assessments: list[Assessment]) -> Iterator[str]:
    """Return criteria that are not established, those that miss the same things together."""
    alike: dict[tuple[str, tuple[str, ...]], list[Assessment]] = {}
    for a in assessments:
        # Values that are watched and were not recorded stand in one line.
        key = () if a.criterion.startswith(WATCHED) and not a.facts else a.missing
        alike.setdefault((str(a.edition), key), []).append(a)
    for (edition, _), group in alike.items():
        missing = tuple(dict.fromkeys(m for a in group for m in a.missing))
        yield from _wrapped(f"not established: {_together(group, edition)}", "", "    ")
        if missing:
            yield from _wrapped(f"missing: {'; '.join(missing)}", "    ", "    ")


def _family(a: Assessment) -> str:
    """Return the part of a criterion's identifier that it shares with its like."""
    return a.criterion.partition(".")[0]


def _together(assessments: Iterable[Assessment], edition: str) -> str:
    """Return criteria of one edition in one sentence, each name and reason once."""
    group = tuple(assessments)
    names = "; ".join(dict.fromkeys(a.name for a in group))
    why = "; ".join(dict.fromkeys(a.why for a in group))
    return f"{names} ({edition}): {why}"


def _grades(assessments: list[Assessment]) -> Iterator[str]:
    """Return graded terms, one line a term, the values in order."""
    terms: dict[str, list[Assessment]] = {}
    for a in assessments:
        terms.setdefault(a.name, []).append(a)
    normal = [n for n, group in terms.items() if all(a.status is Standing.NOT_MET for a in group)]
    for name, group in terms.items():
        if name in normal:
            continue
        seen = "; ".join(f"{a.result or 'no grade'}, {a.why}" for a in group)
        yield from _wrapped(f"{name}, {group[0].edition}: {seen}", "", "    ")
        missing = tuple(dict.fromkeys(m for a in group for m in a.missing))
        if missing:
            yield from _wrapped(f"missing: {'; '.join(missing)}", "    ", "    ")
    if normal:
        yield from _wrapped(f"grade 0: {'; '.join(normal)}", "", "    ")


def _changes(report: CheckReport) -> Iterator[str]:
    """Return the consecutive changes, with what the context of their counts says."""
    for change in report.changes:
        yield from _wrapped(change_sentence(change), "  ", "    ")
        if change.context:
            yield from _wrapped(f"context: {'; '.join(change.context)}", "    ", "    ")


def _view(view: TimelineView) -> Iterator[str]:
    """Return what an alternative timeline changes."""
    yield from _wrapped(f"{view.label}:", "  ", "  ")
    if view.refused:
        yield from _wrapped(f"the record cannot be read so: {view.refused}", "  ", "    ")
        return
    for word, issues in (("gone", view.gone), ("new", view.new)):
        for issue in issues:
            yield from _wrapped(f"{word}: {issue.rule} [{issue.path}]", "  ", "    ")
    for a in view.changed:
        result = f" {a.result}" if a.result else ""
        yield from _wrapped(f"{_words(a.status)}{result}: {a.name}", "  ", "    ")
    if not (view.gone or view.new or view.changed):
        yield "  nothing of this check changes"


def _words(status: str) -> str:
    """Return a status in words."""
    return status.replace("_", " ")


def _wrapped(text: str, first: str, later: str) -> list[str]:
    """Return a text in lines of at most ``WIDTH`` columns."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=later,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _tally(report: CheckReport, severity: Severity) -> str:
    """Count the issues of one severity, in words."""
    number = sum(issue.severity is severity for issue in report.issues)
    word = "note" if severity is Severity.INFO else severity.value
    return f"{number} {word}{'' if number == 1 else 's'}"
