"""What comes from outside, checked before it is used; files, written whole."""
