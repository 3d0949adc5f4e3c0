"""``python -m model_router``."""

from model_router.cli.main import main

if __name__ == "__main__":
    main()
