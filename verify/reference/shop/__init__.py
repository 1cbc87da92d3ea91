"""The Django application of the reference: accounts with money, and products."""
