"""The gateway: an OpenAI-compatible proxy on Quart and Hypercorn, its backends, its events, its thread."""
