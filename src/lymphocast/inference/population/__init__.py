"""Individuals that share typical values: hierarchical models, fitted and checked."""
