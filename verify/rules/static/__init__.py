"""Files that never change."""

SUITE = "smoke"
