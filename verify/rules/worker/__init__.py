"""What happens behind the requests."""

SUITE = "smoke"
