"""Words by which a language is told from English."""

from __future__ import annotations

NOT_ENGLISH = frozenset(
    (
        "el los las del al un una que por para con mi tu su le les des du est et pour dans vous je moi ma mes une "
        "der die das dem den ein eine einen und ich ist bitte nicht mit mir mein meine meinen alle il lo gli della che "
        "di per mio mia os um uma meu minha com ao da na het een mijn van voor alsjeblieft aub ze moje moj "
        "wszystkie prosze ve bir bu benim tum butun lutfen och en ett min mina alla snalla yang ke saya semua tolong "
        "dan untuk vsechny moji tat ca cho toi"
    ).split()
)
"""Common words of the other languages in Latin letters, without accents."""

DOT = "\u0307"
"""What is left over an "i" when a Turkish capital one is put in lower case."""
