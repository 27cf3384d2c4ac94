"""``make bench``: run every benchmark in a process of its own, print the table, write RESULTS.md, draw the growth.

Give names to run some only: ``python benchmarks/run.py intake rebuild``. The rows of the others stay as they were.
"""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import growth
from harness import Measurement, as_markdown, machine

HERE = Path(__file__).parent
RESULTS = HERE / "RESULTS.md"
ROWS = HERE / "results.json"


def available() -> list[str]:
    """Names of the benchmarks: every ``bench_<name>.py``."""
    return sorted(file.stem.removeprefix("bench_") for file in HERE.glob("bench_*.py"))


def run(name: str) -> list[Measurement]:
    """One benchmark in its own process, so that its memory is its own."""
    work = (
        f"import json, dataclasses, bench_{name} as bench; rows = [dataclasses.asdict(row) for row in bench.measure()]"
    )
    program = f"{work}; print('\\n' + json.dumps(rows))"
    done = subprocess.run([sys.executable, "-c", program], cwd=HERE, stdout=subprocess.PIPE, text=True, check=True)
    return [Measurement(**row) for row in json.loads(done.stdout.strip().splitlines()[-1])]


def main(names: list[str]) -> None:
    """Run ``names`` (none: all) and write the results."""
    kept = json.loads(ROWS.read_text("utf-8")) if ROWS.exists() else {}
    for name in names or available():
        print(f"… {name}", file=sys.stderr, flush=True)
        today = datetime.now(UTC).date().isoformat()
        kept[name] = {"date": today, "machine": machine(), "rows": [vars(row) for row in run(name)]}
        ROWS.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")
    parts = [
        "# Measurements\n\nWritten by `make bench`. The load generator shares the two processors with what it measures.\n"
    ]
    for name, result in sorted(kept.items()):
        rows = [Measurement(**row) for row in result["rows"]]
        parts.append(f"## {name}\n\n{result['date']} · {result['machine']}\n\n{as_markdown(rows)}\n")
    RESULTS.write_text("\n".join(parts), "utf-8")
    growth.main()
    print("\n".join(parts))


if __name__ == "__main__":
    main(sys.argv[1:])
