"""Fixtures of the report tests: one synthetic document."""

import pytest

from lymphocast.report.blocks import Document
from lymphocast.report.document import build_document
from tests.report import synthetic


@pytest.fixture(scope="session")
def document() -> Document:
    return build_document(
        synthetic.record(), synthetic.check_report(), synthetic.results(), synthetic.SVG
    )
