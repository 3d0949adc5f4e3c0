"""Downloads of models: planned, approved one by one, fetched, checked, and then offered to a backend.

``plan`` says what would be fetched; ``transfer`` fetches one plan, ``fetch`` one of its files; ``queue`` keeps several
of them, on disk too; ``offer`` makes a finished model the model of a backend. Nothing starts without an approval.
"""
