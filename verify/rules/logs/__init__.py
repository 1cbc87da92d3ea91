"""What the system writes down about itself."""

SUITE = "smoke"
