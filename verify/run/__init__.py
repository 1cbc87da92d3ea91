"""One run: what is selected, gathered and judged, in phases, under the environment's protection."""
