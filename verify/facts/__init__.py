"""What was seen: typed, frozen, without opinion; and the needs that ask for it."""
