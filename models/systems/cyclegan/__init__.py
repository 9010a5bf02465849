"""Two generators that translate between two sets of pictures, and undo each other."""
