"""The control surface: what the commands and an attached screen say to a gateway that runs."""
