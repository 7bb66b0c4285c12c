"""Short words for dates, doses and units."""

from datetime import date

import pytest

from lymphocast.figures.wording import dose_words, missed_words, when_words
from lymphocast.record.events import MissedDoses
from lymphocast.record.patient import PatientRecord
from lymphocast.record.when import When


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("2002-01-01", "2002-12-31", "2002"),
        ("2004-05-01", "2004-05-31", "May 2004"),
        ("2004-02-01", "2004-02-29", "Feb 2004"),
        ("2004-07-01", "2004-08-31", "Jul–Aug 2004"),
        ("2003-10-01", "2004-04-30", "Oct 2003 – Apr 2004"),
        ("2004-10-01", "2004-10-10", "1–10 Oct 2004"),
        ("2007-12-15", "2008-02-14", "15 Dec 2007 – 14 Feb 2008"),
        ("2004-10-05", "2004-10-05", "5 Oct 2004"),
    ],
)
def test_an_interval_is_told_in_few_words(first: str, last: str, words: str) -> None:
    assert when_words(When(date.fromisoformat(first), date.fromisoformat(last))) == words


def test_doses_are_told_as_recorded(record: PatientRecord) -> None:
    told = [dose_words(a) for a in record.administrations]
    assert told == [
        "500,000 units per day",
        "9 million units per week in 3 doses",
        "500 mg twice daily",
    ]


def test_missed_doses_are_told_and_never_dated(record: PatientRecord) -> None:
    (missed,) = record.missed_doses
    assert missed_words(missed) == "missed doses reported, dates not published"
    known = MissedDoses("m", "examplekin", dates_known=True, provenance=())
    assert missed_words(known) == "missed doses reported, not drawn"
