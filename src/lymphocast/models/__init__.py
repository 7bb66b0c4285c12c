"""Equations that compose."""
