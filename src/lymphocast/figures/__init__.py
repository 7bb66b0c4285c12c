"""Pictures of a record and of what a run found: one specification for file and page."""
