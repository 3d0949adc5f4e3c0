"""HTTP/1.1 on both sides of the gateway, parsed by a C library."""
