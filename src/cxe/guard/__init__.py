"""The guard: expectations between the layers, which bad data do not pass."""
