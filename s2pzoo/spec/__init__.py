"""What is said, before anything runs: names, ports, fields, models, and whether steps fit. No torch."""
