"""The doctor: what is wrong with a configuration and the servers behind it, each with its fix.

``files`` looks at what is on this machine, ``probe`` asks a server what it can do, ``verdict`` holds that against what
the configuration wants of it, and ``examination`` puts all of it together.
"""
