"""Rules found, claims bound to them, needs united, verdicts given: pure."""
