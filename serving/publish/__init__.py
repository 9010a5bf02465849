"""A trained network as a web page that runs in the browser."""
