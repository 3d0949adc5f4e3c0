"""Pure decisions: ask text -> cues -> scores -> safety -> policy -> decision -> receipt.

Standard library and ``re2`` only; no input or output, no clock, nothing that changes after building.
"""
