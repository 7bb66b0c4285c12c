"""Precision and recall of drafts against invented abstracts whose facts were written down by hand.

A page of the corpus is a text, a line of four hyphens, and one fact a line:

- ``CD4 172 /uL`` a measurement, ``CD4 172 /uL at presentation`` its time;
- ``value ...`` a value that a case file holds in words only; ``CD4 <50 /uL`` a bound;
- ``dose DRUG AMOUNT UNIT per DAYS in N``, ``cycle DRUG DAYS every DAYS``;
- ``given DRUG``; ``event ID WHEN``; ``duration LENGTH START STOP``; ``missed DRUG``;
- ``culture SPECIMEN RESULT ORGANISM``, ``symptom GRADE``, ``finding ID``, each perhaps with ``at``;
- ``adverse`` or ``adverse grade N`` for each adverse event;
- ``age``, ``sex``, ``ancestry``, ``workup``; ``question WORDS``: these words must be asked about.

Every line counts once, so that a value with a wrong time is half right.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from lymphocast.interchange.draft.assemble import Draft
from lymphocast.interchange.draft.story import Kind
from lymphocast.units import parse_quantity

CORPUS = Path(__file__).parent / "corpus"
HELD_OUT = Path(__file__).parent / "held_out"
UNDATED = ("1900/",)


@final
@dataclass(frozen=True)
class Score:
    """What was proposed, what should have been."""

    found: frozenset[str]
    expected: frozenset[str]

    @property
    def right(self) -> int:
        """Facts that were proposed and should have been."""
        return len(self.found & self.expected)

    @property
    def precision(self) -> float:
        """Share of the proposals that are right; 1 if there are none."""
        return self.right / len(self.found) if self.found else 1.0

    @property
    def recall(self) -> float:
        """Share of the facts that are proposed; 1 if there are none."""
        return self.right / len(self.expected) if self.expected else 1.0


def pages(folder: Path) -> tuple[Path, ...]:
    """Return the pages of a corpus."""
    return tuple(sorted(folder.glob("*.txt")))


def split(page: Path) -> tuple[str, frozenset[str]]:
    """Return the text and the facts of a page."""
    text, _, facts = page.read_text(encoding="utf-8").partition("\n----\n")
    return text + "\n", frozenset(line.strip() for line in facts.splitlines() if line.strip())


def score(page: Path, draft: Draft) -> Score:
    """Compare the draft of a page of the corpus with its facts."""
    expected = split(page)[1]
    found = (_same_time(line, draft, expected) for line in lines(draft))
    return Score(frozenset(_settled(found, expected)), expected)


def _same_time(line: str, draft: Draft, expected: frozenset[str]) -> str:
    """Let a time count as the expected one if the draft says that the two are the same.

    "At the last follow-up", an event on 2006-05, is at 2006-05; a stop 6 months after the start
    is 6 months after the start.
    """
    fact, at, when = line.rpartition(" at ")
    same = {e.id: str(e.at) for e in draft.facts if e.kind is Kind.EVENT}
    others = [same.get(when, ""), *(name for name, at in same.items() if at == when)]
    if at and line not in expected:
        return next((f"{fact} at {o}" for o in others if f"{fact} at {o}" in expected), line)
    return line


def values_only(score: Score) -> Score:
    """Return the score of the numbers alone: ages, counts, values, doses, lengths of time."""
    found, expected = (frozenset(filter(_is_value, s)) for s in (score.found, score.expected))
    return Score(found, expected)


_NO_NUMBER = tuple(
    re.split(" ", "given event symptom culture finding workup sex ancestry missed question")
)


def _is_value(line: str) -> bool:
    return " at " not in line and not line.startswith(_NO_NUMBER)


def together(scores: Sequence[Score]) -> Score:
    """Return the score of a whole corpus: its facts counted together."""
    numbered = list(enumerate(scores))
    return Score(
        frozenset(f"{i} {line}" for i, s in numbered for line in s.found),
        frozenset(f"{i} {line}" for i, s in numbered for line in s.expected),
    )


def _settled(found: Iterable[str], expected: frozenset[str]) -> Iterator[str]:
    """Let a question count as the expected one whose words it quotes."""
    asked = [line for line in expected if line.startswith("question ")]
    for line in found:
        if line.startswith("question "):
            words = [a for a in asked if a.removeprefix("question ") in line]
            yield words[0] if words else line
        else:
            yield line


def lines(draft: Draft) -> Iterator[str]:
    """Return what a draft proposes, one fact a line, without the question about missing dates."""
    case: Mapping[str, Any] = draft.case
    patient = case.get("patient", {})
    yield from (f"{key} {patient[key]}" for key in ("age", "sex", "ancestry") if key in patient)
    for row in case.get("measurements", ()):
        quantity = parse_quantity(row["value"])
        sign = {"below": "<", "above": ">"}.get(row.get("limit", ""), "")
        line = f"{row['analyte']} {sign}{quantity}"
        yield from _timed(line, row)
    started = {row["drug"] for row in case.get("administrations", ())}
    for row in case.get("administrations", ()):
        amount = parse_quantity(row["amount"])
        yield f"dose {row['drug']} {amount} per {row['per']} in {row['divided']}"
        if "cycle" in row:
            yield f"cycle {row['drug']} {row['cycle']['days']} every {row['cycle']['every']}"
    for proposal in draft.facts:
        if proposal.kind is Kind.DOSE and proposal.id not in {
            r["id"] for r in case.get("administrations", ())
        }:
            words = str(proposal.text)
            _, _, often = words.partition(" each ")
            per, _, doses = often.partition(" in ")
            yield (
                f"dose {proposal.subject} {proposal.value:g} {proposal.unit} "
                f"per {per} in {doses.split(' ')[0]}"
            )
            started.add(proposal.subject)
    yield from _events(case, started)
    yield from _others(draft, case)


def _events(case: Mapping[str, Any], started: set[str]) -> Iterator[str]:
    for row in case.get("events", ()):
        name, what = row["id"], row["what"]
        if what.endswith(" is started") and name.endswith("-start") and name != "treatment-start":
            started.add(what.removesuffix(" is started"))
        if not str(row["at"]).startswith(UNDATED):
            yield f"event {re.sub(r'^event-[0-9]+$', 'event', name)} {row['at']}"
    yield from (f"given {drug}" for drug in sorted(started))


def _others(draft: Draft, case: Mapping[str, Any]) -> Iterator[str]:
    for row in case.get("durations", ()):
        yield f"duration {row['length']} {row['start']} {row['stop']}"
    yield from (f"missed {row['drug']}" for row in case.get("missed_doses", ()))
    for row in case.get("cultures", ()):
        yield f"culture {row['specimen']} {row['result']} {row['organism']}"
        if not str(row["at"]).startswith(UNDATED):
            yield f"culture {row['result']} at {row['at']}"
    for row in case.get("adverse_events", ()):
        yield f"adverse grade {row['grade']}" if "grade" in row else "adverse"
    for row in case.get("symptoms", ()):
        yield from _timed(f"symptom {row['grade']}", row)
    yield from (f"workup {row['id']} {row['status']}" for row in case.get("workup", ()))
    yield from _findings(draft, case)
    for question in draft.questions:
        if question.id != "question-dates":
            yield f"question {question.quote} {question.text}"


def _findings(draft: Draft, case: Mapping[str, Any]) -> Iterator[str]:
    findings = {row["id"]: row for row in case.get("findings", ())}
    for proposal in draft.facts:
        row = findings.get(proposal.id)
        if row is not None and proposal.kind is Kind.CULTURE:
            yield f"culture {row['what'].replace(' culture ', ' ')}"
        elif row is not None and proposal.kind is Kind.FINDING:
            yield from _finding(proposal.text, proposal.subject, proposal.value, row)


def _finding(text: str, subject: str, value: float | None, row: Mapping[str, Any]) -> Iterator[str]:
    if value is None:
        yield from _timed(f"finding {subject}", row)
    elif " 1:" in text or ": " in text:
        yield f"value {subject} {value:g}"
    else:
        yield from _timed(f"value {row['what']}", row)


def _timed(line: str, row: Mapping[str, Any]) -> Iterator[str]:
    yield line
    at = str(row.get("at", "1900/"))
    if not at.startswith(UNDATED) and not at.split("/")[-1].startswith("2099"):
        yield f"{line} at {at}"
