"""For each route the model that serves it best on this machine, why, and whether the picks fit together."""
