"""One protocol a file: what of a request matters for routing, and what its errors look like."""
