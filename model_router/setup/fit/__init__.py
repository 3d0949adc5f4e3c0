"""Will a model fit, where, and how fast: sums over bytes, with what each figure rests on."""
