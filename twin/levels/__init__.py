"""Levels of truth: the same question, answered by closed forms (`closed`) and by wave optics (`wave`)."""
