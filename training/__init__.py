"""Training from the command line: options, plan, run folder, feed, callbacks."""
