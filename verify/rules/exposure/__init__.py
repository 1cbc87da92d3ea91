"""What must not be served."""

SUITE = "smoke"
