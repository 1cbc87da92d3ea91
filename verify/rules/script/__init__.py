"""The team's own shell scripts, as they are written."""

SUITE = "backup"
