"""``dujiang serve`` as a process: it says where it is, answers there, and stops when told to."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import httpx


def test_serving_until_told_to_stop(empty: Path) -> None:
    program = Path(sys.executable).with_name("dujiang")
    words = [program, "serve", "-w", str(empty), "--port", "0", "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as served:
        try:
            assert served.stdout is not None
            lines = []
            while not lines or lines[-1] != "}\n":
                line = served.stdout.readline()
                assert line, served.stderr and served.stderr.read()
                lines.append(line)
            told = json.loads("".join(lines))
            assert told["welcome"].startswith(f"{told['address']}/welcome?token=")
            assert httpx.get(told["welcome"], timeout=300).status_code == 200
            assert httpx.get(f"{told['address']}/api/v1/status", timeout=300).status_code == 401

            busy = subprocess.run([program, "status", "-w", str(empty)], capture_output=True, text=True, check=False)
            assert busy.returncode == 1
            assert "workspace.in_use" in busy.stderr
            assert str(served.pid) in busy.stderr
        finally:
            served.send_signal(signal.SIGTERM)
        _out, err = served.communicate(timeout=300)
    assert "Traceback" not in err
