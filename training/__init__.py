"""Turns the corpus into the table that the router ships with. Development only; nothing here is installed."""
