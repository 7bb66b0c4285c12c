"""The same results as sentences, pages and files."""
