"""What others send to the system."""

SUITE = "smoke"
