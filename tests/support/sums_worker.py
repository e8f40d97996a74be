"""A worker process for the engine's tests: `python -m tests.support.sums_worker BOOTSTRAP PREFIX [--at
STEP:N:ACTION]...`.

ACTION at the N-th time that the engine comes to STEP: `kill` (SIGKILL itself), `freeze` (SIGSTOP itself),
`pause:SECONDS` (sleep in that thread).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import structlog

from lead_qualifier.engine import Engine, FaultPoint, Limits, Report
from lead_qualifier.engine.faust.app import create_app, quieten
from lead_qualifier.kafka.connection import Connection
from lead_qualifier.kafka.errors import NotAllowed
from lead_qualifier.wording.sentences import IN_ENGLISH
from tests.support.sums import Sums, Topics, application


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("bootstrap")
    parser.add_argument("prefix")
    parser.add_argument("--at", action="append", default=[])
    parser.add_argument("--rules", help="file whose number is the revision of the rules, and wants a sweep")
    parser.add_argument("--fail-on", action="append", default=[])
    parser.add_argument("--max-record-bytes", type=int, default=1_000_000)
    parser.add_argument("--inputs", type=int, default=2, help="how many of the input topics are read")
    parser.add_argument("--in-order", action="store_true", help="the second input waits for the first")
    parser.add_argument("--clock-ahead", type=float, default=0.0, help="seconds by which this worker's clock is wrong")
    parser.add_argument("--commit-interval", type=float, default=0.0, help="seconds")
    options = parser.parse_args()
    logged = sys.stdout
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(logged),
    )
    quieten()
    seen: Counter[FaultPoint] = Counter()
    plan = {(FaultPoint(step), int(n)): action for step, n, action in (spec.split("|") for spec in options.at)}

    def hook(step: FaultPoint) -> None:
        seen[step] += 1
        action = plan.get((step, seen[step]))
        if action is None:
            return
        print(f'{{"event": "fault", "step": "{step}", "action": "{action}"}}', flush=True)
        if action == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif action == "freeze":
            os.kill(os.getpid(), signal.SIGSTOP)
        else:
            time.sleep(float(action.removeprefix("pause:")))

    def revision() -> int:
        return int(Path(options.rules).read_text() or 0) if options.rules else 0

    topics = Topics(options.prefix)
    decider = Sums(topics.out, revision, revision, dict.fromkeys(options.fail_on, "told to fail"))

    def failed(why: Report | NotAllowed) -> None:
        structlog.get_logger().error("failed", reason=IN_ENGLISH.sentence(why) if isinstance(why, Report) else str(why))
        os._exit(70)

    engine = Engine(
        [
            application(
                topics,
                decider,
                max_record_bytes=options.max_record_bytes,
                inputs=options.inputs,
                in_order=options.in_order,
            )
        ],
        group_id=topics.group,
        connection=Connection(bootstrap_servers=options.bootstrap, compression="none"),
        failed=failed,
        limits=Limits(revocation_seconds=5.0, commit_interval=options.commit_interval),
        hook=hook,
        wall=lambda: time.time() + options.clock_ahead,
    )
    asyncio.run(_run(engine, options.bootstrap))


async def _run(engine: Engine, bootstrap: str) -> None:
    app = create_app(engine, faust_settings={"broker": f"aiokafka://{bootstrap}"})
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    engine.start()
    await app.start()
    while not stop.is_set():
        try:
            await asyncio.wait_for(stop.wait(), 1.0)
        except TimeoutError:
            problem = engine.problem()
            if problem:
                structlog.get_logger().error("failed", reason=IN_ENGLISH.sentence(problem))
                os._exit(70)
    await asyncio.get_running_loop().run_in_executor(None, engine.stop)
    await app.stop()


if __name__ == "__main__":
    main()
