"""The application: Textual screens over a gateway. Reads values, never wire formats or YAML."""
