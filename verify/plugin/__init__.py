"""The pytest plugin proper; it is imported only when a contract is to be judged."""
