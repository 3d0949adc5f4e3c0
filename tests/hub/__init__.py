"""A model hub of the project's own on loopback, with the faults that real ones have."""
