"""The command lines of generate, translate, explore, evaluate, export and publish, all `.py`."""
