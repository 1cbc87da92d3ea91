"""What watches the system: that it answers, and sees what it is there to see."""

SUITE = "smoke"
