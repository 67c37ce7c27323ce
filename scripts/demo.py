"""The demonstration: an application that logs, the whole pipeline, a search, and an alert."""

from __future__ import annotations

import argparse
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

_HERE = Path(__file__).parent
_RULES = _HERE.parent / "mappings" / "alerts" / "demo.yaml"
_PATIENCE_S = 60.0
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Any of them ends everything: Ctrl-C, a request, a terminal that is closed."""


def main() -> int:
    """Runs the demonstration; gives the exit status."""
    parser = argparse.ArgumentParser(description="Shows logboom at work.")
    parser.add_argument("--once", action="store_true", help="end after the first search result")
    parser.add_argument("--port", type=int, default=7700)
    options = parser.parse_args()
    port = options.port if _is_free(options.port) else _free_port()
    for number in _ENDING:
        signal.signal(number, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="logboom-demo-") as folder:
        try:
            return _run(Path(folder), port, once=options.once)
        except KeyboardInterrupt:
            return 0


def _run(folder: Path, port: int, *, once: bool) -> int:
    logs = folder / "app"
    logs.mkdir()
    python = [sys.executable]
    application = subprocess.Popen([*python, str(_HERE / "demo_app.py"), str(logs), "50"])
    settings = folder / "logboom.yaml"
    settings.write_text(f"alerts: ['{_RULES}']\n")
    up = [*python, "-m", "logboom", "up", str(logs), "/var/log", "--data", str(folder / "data")]
    pipeline = subprocess.Popen(
        [*up, "-c", str(settings), "--port", str(port)], start_new_session=True
    )
    try:
        found_s = _first_result(port, pipeline)
        if found_s is None:
            print("no search result came in time", file=sys.stderr)
            return 1
        print(f"\nfirst search result after {found_s:.1f} s\n", flush=True)
        _show(port, "level:error AND _exists_:error.stack_trace", limit=2)
        _show(port, "", limit=5)
        if not once:
            _show_alerts(port, pipeline)
            _wait_for_the_user(port)
    finally:
        for number in _ENDING:  # asked once more: the end is under way
            signal.signal(number, signal.SIG_IGN)
        application.terminate()
        application.wait()
        pipeline.send_signal(signal.SIGINT)
        pipeline.wait()
    return 0


def _wait_for_the_user(port: int) -> None:
    url = f"--url http://127.0.0.1:{port}"
    print("\nTry in another terminal (Ctrl-C here ends everything):")
    print(f"  .venv/bin/logboom search 'status:>=500' --since 10m {url}")
    print(f"  .venv/bin/logboom doctor {url}\n", flush=True)
    signal.pause()


def _first_result(port: int, pipeline: subprocess.Popen[bytes]) -> float | None:
    begun = time.monotonic()
    question = f"http://127.0.0.1:{port}/api/v1/search?q=_exists_:error.stack_trace&limit=1"
    while time.monotonic() - begun < _PATIENCE_S and pipeline.poll() is None:
        if b'"events":[{' in _answer(question):
            return time.monotonic() - begun
        time.sleep(0.1)
    return None


def _answer(question: str) -> bytes:
    """Empty while the API is still starting."""
    try:
        with urlopen(question, timeout=5) as answer:
            body: bytes = answer.read()
            return body
    except (URLError, OSError):
        return b""


def _show_alerts(port: int, pipeline: subprocess.Popen[bytes]) -> None:
    """Waits for the first alert: it takes some events to judge."""
    begun = time.monotonic()
    question = f"http://127.0.0.1:{port}/api/v1/alerts?state=firing"
    while time.monotonic() - begun < _PATIENCE_S and pipeline.poll() is None:
        if b"ErrorSpike" in _answer(question):
            _run_command(port, "alerts", "list", "--state", "firing")
            return
        time.sleep(0.5)


def _show(port: int, query: str, *, limit: int) -> None:
    _run_command(port, "search", query, "--limit", str(limit))


def _run_command(port: int, *words: str) -> None:
    print(f"$ logboom {shlex.join(words)}", flush=True)
    command = [sys.executable, "-m", "logboom", *words, "--url", f"http://127.0.0.1:{port}"]
    subprocess.run(command, check=True)
    print(flush=True)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
