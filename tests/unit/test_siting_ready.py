"""What is compiled is ready before a model's clock runs."""

import subprocess
import sys

SCRIPT = """
from venuenet.siting.ready import get_ready
for goal in ("cover_share", "cover_twice", "cover_with_room", "cover_fairly", "nearest_at_worst"):
    get_ready(goal)
from venuenet.siting import again, filling, lagrange, prices, swap, worst
outer = [
    swap._search, again._search_again, prices._descend, filling._exchange_all, filling._descend,
    worst._anneal_level,
    lagrange._interchange, lagrange._values, lagrange._served,
]
ready = [bool(kernel.signatures) for kernel in outer]
print(ready)
"""


def test_a_small_model_readies_all_that_is_compiled():
    # A process of its own: other tests leave kernels compiled.
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str([True] * 9)
