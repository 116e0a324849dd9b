"""Data that lie outside the store: in files that documents announce."""
