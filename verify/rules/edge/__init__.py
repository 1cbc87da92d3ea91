"""What stands in front of the system."""

SUITE = "smoke"
