"""What the README claims, measured. ``scripts/bench`` runs all of it, ``scripts/bench routing`` one part."""
