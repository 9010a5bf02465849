"""Recipes trained and measured under one protocol, and the report of it."""
