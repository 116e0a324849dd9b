"""What was measured beside what was simulated."""
