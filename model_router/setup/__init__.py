"""First configurations; later hardware, models, fit and downloads."""
