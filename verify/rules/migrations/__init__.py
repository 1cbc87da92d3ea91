"""The database beside its code."""

SUITE = "smoke"
