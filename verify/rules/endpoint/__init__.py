"""The addresses that are promised to answer."""

SUITE = "smoke"
