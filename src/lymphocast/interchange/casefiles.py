"""Case files as one of the formats of an exchange: they hold everything."""

from lymphocast.interchange.exchange import Exported, Imported
from lymphocast.record.casefile import case_of_bytes
from lymphocast.record.casewriter import case_json, case_text
from lymphocast.record.patient import PatientRecord


def read_case_file(content: bytes, name: str) -> Imported:
    """Read a case file; ``RecordError`` if it cannot be read."""
    return Imported((case_of_bytes(content, name),), ())


def write_yaml(record: PatientRecord) -> Exported:
    """Write a record as a case file in YAML."""
    return Exported(case_text(record).encode("utf-8"), ())


def write_json(record: PatientRecord) -> Exported:
    """Write a record as a case file in JSON."""
    return Exported(case_json(record).encode("utf-8"), ())
