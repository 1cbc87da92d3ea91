"""What the system says of itself in numbers."""

SUITE = "smoke"
