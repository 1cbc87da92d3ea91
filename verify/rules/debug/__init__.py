"""What errors give away."""

SUITE = "smoke"
