"""Writing a case file: YAML that a person can read and go on writing, or JSON.

Keys stand in the order of the schema. The short forms are used where they say the same: a dose in
words instead of its numbers, the pixels of a point instead of what its figure gives, a ladder
instead of several stretches. Text is quoted only where YAML would take it for something else.
What is written is read back before it is returned: a short form that does not give the same record
is written out, and a record that no case file can hold is refused.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from lymphocast.errors import RecordError, UsageError
from lymphocast.files import write_whole
from lymphocast.record.casefile import case_tree, parse_case
from lymphocast.record.kinds import JsonObject
from lymphocast.record.patient import PatientRecord
from lymphocast.record.shorten import shortened
from lymphocast.record.yamltext import yaml_lines

YAML, JSON = (".yaml", ".yml"), (".json",)


def case_text(record: PatientRecord) -> str:
    """Return a record as a case file in YAML; reading it back gives an equal record.

    Raises
    ------
    UsageError
        If the record holds what a case file cannot.
    """
    tree = case_tree(record)
    for written in (shortened(record, tree), tree):
        text = "\n".join(_document(written)) + "\n"
        if _same(text, tree):
            return text
    message = f"record '{record.id}' holds what a case file cannot"
    raise UsageError(message)


def case_json(record: PatientRecord) -> str:
    """Return a record as a case file in JSON, indented."""
    return json.dumps(case_tree(record), ensure_ascii=False, indent=2) + "\n"


def write_case(record: PatientRecord, path: Path) -> None:
    """Write a record as a case file; ``.json`` is JSON, ``.yaml`` and ``.yml`` are YAML.

    The file appears complete or not at all.

    Raises
    ------
    UsageError
        If the suffix is another, or the record holds what a case file cannot.
    """
    suffix = path.suffix.lower()
    if suffix not in (*YAML, *JSON):
        message = f"cannot write '{path}': found suffix '{path.suffix}'; needed one of "
        raise UsageError(message + ", ".join((*YAML, *JSON)))
    text = case_json(record) if suffix in JSON else case_text(record)
    write_whole(path, text.encode("utf-8"))


def _document(tree: JsonObject) -> list[str]:
    """Return the lines of a case; a blank line stands before each section."""
    lines: list[str] = []
    for key, value in tree.items():
        if isinstance(value, Mapping | list):
            lines.append("")
        lines += yaml_lines(key, value)
    return lines


def _same(text: str, tree: JsonObject) -> bool:
    """Return whether a text reads as the record that has this tree."""
    try:
        return case_tree(parse_case(text, "written")) == tree
    except RecordError:
        return False
