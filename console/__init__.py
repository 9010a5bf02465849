"""Shared by all commands: options, errors, messages, the backend."""
