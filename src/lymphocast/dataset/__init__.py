"""The record as the engine needs it: study days, canonical units, floats."""
