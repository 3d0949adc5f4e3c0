"""A lean HTTP/1.1 client for model servers: kept connections, a C parser, few objects for each request."""
