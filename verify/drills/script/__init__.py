"""A team's own scripts, run as they are: what they call is watched, what they leave is restored."""
