"""Contact sheets and films."""
