"""Runs on disk: their folders, records, checkpoints' names and tables of numbers."""

from runs.folder import Run, create, load, named, newest, refuse_changes, runs

__all__ = ["Run", "create", "load", "named", "newest", "refuse_changes", "runs"]
