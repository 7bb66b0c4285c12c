"""Verification: checks that are run, and the page of credibility evidence that they fill."""
