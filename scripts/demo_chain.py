"""The demo on a chain of its own: starts anvil on a free port, runs `pyzkfl demo --chain`, ends it. `make demo-chain`.

python scripts/demo_chain.py [options of `pyzkfl demo`]
"""

from __future__ import annotations

import importlib.util
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def anvil() -> Path:
    """The node that contracts/package-lock.json pins, installed if need be."""
    spec = importlib.util.spec_from_file_location("contracts_script", ROOT / "scripts" / "contracts.py")
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return Path(script.node_modules()) / ".bin" / "anvil"


def wait_for(port: int, node: subprocess.Popen[bytes]) -> None:
    for _ in range(400):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if node.poll() is not None:
                break
            time.sleep(0.05)
    raise RuntimeError("anvil does not answer")


def main() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    try:
        node = subprocess.Popen([str(anvil()), "--port", str(port), "--hardfork", "cancun", "--silent"])
    except RuntimeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    try:
        wait_for(port, node)
        command = [sys.executable, "-m", "pyzkfl", "demo", "--chain", f"http://127.0.0.1:{port}", *sys.argv[1:]]
        return subprocess.run(command, check=False).returncode
    except (RuntimeError, KeyboardInterrupt) as error:
        print(f"error: {error or 'interrupted'}", file=sys.stderr)
        return 1
    finally:
        node.terminate()
        node.wait()


if __name__ == "__main__":
    sys.exit(main())
