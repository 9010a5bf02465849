"""The command lines of generate.py, explore.py and export.py."""
