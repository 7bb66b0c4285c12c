"""Tests, laid out like the package: tests/record/test_when.py for record/when.py."""
