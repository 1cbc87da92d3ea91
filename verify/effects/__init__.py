"""What every doer shares: requests, processes, files, secrets, clean-up."""
