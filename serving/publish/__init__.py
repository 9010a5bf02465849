"""A trained network as a web page that runs in the browser."""

FORMAT = 1  # of the `model.json` that a page reads
