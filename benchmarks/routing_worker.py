"""Times ``ModelRouter.route_fast`` of whatever package its interpreter has. Runs beside both; standard library only.

Reads one JSON object (bucket: prompts), then bucket names, one a line; answers each with microseconds of processor
time a prompt, which others on the machine do not take.
"""

from __future__ import annotations

import json
import sys
import time


def main() -> None:
    """Serve until the input ends."""
    from model_router import ModelRouter

    buckets = json.loads(sys.stdin.readline())
    route = ModelRouter.from_config().route_fast
    for line in sys.stdin:
        prompts, seconds = buckets[line.strip()], 0.15
        rounds, begun = 0, time.process_time()
        while (spent := time.process_time() - begun) < seconds or rounds == 0:
            for prompt in prompts:
                route(prompt)
            rounds += 1
        print(1e6 * spent / rounds / len(prompts) if spent else 0.0, flush=True)


if __name__ == "__main__":
    main()
