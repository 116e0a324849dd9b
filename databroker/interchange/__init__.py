"""Runs from other programs' files."""
