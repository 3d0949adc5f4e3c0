"""``model-router setup``: from an empty machine to a working configuration."""
