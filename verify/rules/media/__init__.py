"""What users have uploaded."""

SUITE = "smoke"
