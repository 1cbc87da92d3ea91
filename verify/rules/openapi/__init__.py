"""The description of the interface."""

SUITE = "smoke"
