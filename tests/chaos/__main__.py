"""`python -m tests.chaos`: runs as CHAOS_SEED, _SEEDS, _FAULTS and _BROKERS say; exit code 1 when anything differs."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.plan import draw
from tests.chaos.run import run


def main() -> int:
    first = int(os.environ.get("CHAOS_SEED") or time.time())
    faults = int(os.environ.get("CHAOS_FAULTS") or 30)
    seeds = int(os.environ.get("CHAOS_SEEDS") or 1)
    brokers = int(os.environ.get("CHAOS_BROKERS") or 1)
    reports = []
    for seed in range(first, first + seeds):
        folder = Path(tempfile.mkdtemp(prefix=f"chaos-{seed}-"))
        print(f"chaos: seed {seed}, {faults} faults; logs in {folder}", flush=True)
        report = run(draw(seed, faults, brokers=brokers), folder, lambda line: print(line, flush=True))
        reports.append(report)
        print("\n" + "\n".join(f"{name:<42}{figure:>12}" for name, figure in report.table()), flush=True)
        for reason, count in report.gave_up.items():
            print(f"gave up {count} times: {reason}")
        if report.differences:
            print(f"\nFAILED. Again: make chaos CHAOS_SEED={seed} CHAOS_FAULTS={faults} CHAOS_BROKERS={brokers}")
            print("\n".join(report.differences[:30]), flush=True)
    if seeds > 1:
        print("\nseed        faults  records  qualified  dead letters  differences")
        for one in reports:
            print(
                f"{one.seed:<12}{one.faults.total():>6}{one.events:>9}{one.qualified:>11}"
                f"{one.dead_letters:>14}{len(one.differences):>13}"
            )
    return 1 if any(one.differences for one in reports) else 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    os._exit(code)  # clients that wait for a coordinator which is gone could not be closed
