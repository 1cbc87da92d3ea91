"""A team's own backup and prune commands, run over simulated days in a folder that they cannot leave."""
