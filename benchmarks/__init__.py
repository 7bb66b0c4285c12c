"""Benchmarks: each asserts its answer before it reports its time."""
