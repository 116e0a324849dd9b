"""From photons per second to what a detector reports."""
