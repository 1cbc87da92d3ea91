"""What the health endpoint says."""

SUITE = "smoke"
