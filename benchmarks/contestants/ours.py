"""Our server as `labelgraph serve` runs it; with a profiler in it if BENCHMARK_PROFILE names a file."""

import os
from pathlib import Path

from app import main
from app.core.settings import Settings
from benchmarks import processes
from benchmarks.profiler import Profiler

if __name__ == "__main__":
    processes.limit_memory()
    if report := os.environ.get("BENCHMARK_PROFILE"):
        Profiler(Path(report)).listen()
    main.run(Settings(port=int(os.environ["PORT"])))
