"""What a pipeline is seen to do; what its files say is judged elsewhere."""

SUITE = "smoke"
