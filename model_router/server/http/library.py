"""httpx without its command line, which it imports for itself wherever Rich and Pygments are installed: that takes
more time than the library.
"""

from __future__ import annotations

import sys

__all__ = ["httpx"]

_COMMAND = "httpx._main"

if "httpx" in sys.modules or _COMMAND in sys.modules:
    import httpx
else:
    sys.modules[_COMMAND] = None  # type: ignore[assignment]  # so Python says that there is no such module
    try:
        import httpx
    finally:
        del sys.modules[_COMMAND]
