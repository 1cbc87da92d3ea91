"""The front of the reference: the edge, its plain pages, and Django behind them."""
