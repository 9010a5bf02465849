"""Training and measuring recipes under one protocol, and the report."""
