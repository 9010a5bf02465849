"""The command lines of generate.py, explore.py, export.py and evaluate.py."""
