"""Judges what a team promises about its deployment, claim by claim, with evidence."""

__version__ = "0.1.0"
