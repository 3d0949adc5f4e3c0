"""The words by which somebody is told to do something risky, language by language: what :mod:`~.safety` reads.

The tables are loaded when an ask needs a close look; most do not.
"""
