"""A campaign against the project: changed files and absurd options; see `__main__`."""
