"""What holds after the deployment, not only at its first moment."""

SUITE = "smoke"
