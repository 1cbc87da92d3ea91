"""What the gate as a whole came to."""

SUITE = "smoke"
