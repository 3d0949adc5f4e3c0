"""Model servers that the gateway starts and stops."""
