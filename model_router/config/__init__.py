"""YAML in, frozen values out: both files, their mistakes with places, their schemas, and where they live."""
