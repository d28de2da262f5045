"""What pyzkfl needs from the operating system: finds what is missing, names it, and installs it if it may.

    python3 scripts/prerequisites.py             what a build needs; where something is missing, the way to get it
    python3 scripts/prerequisites.py --tests     also what `make test` needs
    python3 scripts/prerequisites.py --install   runs the apt command, as root or through `sudo -n`, never asking
    python3 scripts/prerequisites.py --jobs      prints how many compilations this machine takes at once

PYZKFL_NO_APT=1 forbids the last. Standard library only: it runs before there is a virtual environment, and inside
`pip install .`, where setup.py uses it to say what a failed build was missing.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


def compiler() -> list[str] | None:
    """The C++ compiler that CMake would take ($CXX, c++, g++, clang++), as an argument list; None if there is none."""
    for candidate in (os.environ.get("CXX", ""), "c++", "g++", "clang++"):
        command = shlex.split(candidate)
        if command and shutil.which(command[0]):
            return command
    return None


def compiles(source: str, *flags: str) -> bool:
    """Whether the compiler takes this program (syntax and headers only; nothing is linked)."""
    command = compiler()
    if command is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "probe.cpp")
        path.write_text(source)
        prefixes = [os.environ.get("OPENSSL_ROOT_DIR", ""), *os.environ.get("CMAKE_PREFIX_PATH", "").split(os.pathsep)]
        includes = [f"-I{prefix}/include" for prefix in prefixes if prefix]
        done = subprocess.run(
            [*command, "-std=c++20", "-fsyntax-only", *includes, *flags, str(path)], capture_output=True, check=False
        )
    return done.returncode == 0


def has_compiler() -> bool:
    return compiles("#include <span>\nint main() { std::span<int> s; return int(s.size()); }")


def has_openssl() -> bool:
    return compiles(
        "#include <openssl/evp.h>\n#include <openssl/opensslv.h>\n"
        "#if OPENSSL_VERSION_MAJOR < 3\n#error OpenSSL 3 is needed\n#endif\nint main() {}"
    )


def has_gmp() -> bool:
    return compiles("#include <gmp.h>\nstatic_assert(sizeof(mp_limb_t) == 8);\nint main() {}")


def has_python_headers() -> bool:
    return compiles("#include <Python.h>\nint main() {}", f"-I{sysconfig.get_paths()['include']}")


def has_venv() -> bool:
    try:
        import ensurepip  # noqa: F401  (Debian ships it apart, in python3-venv)
        import venv  # noqa: F401
    except ImportError:
        return False
    return True


def has_make() -> bool:
    return any(shutil.which(name) for name in ("ninja", "make", "gmake"))


def has_doctest() -> bool:
    return compiles("#include <doctest/doctest.h>")


def has_npm() -> bool:
    return shutil.which("npm") is not None


@dataclass(frozen=True)
class Prerequisite:
    what: str
    package: str  # Debian's and Ubuntu's name
    present: Callable[[], bool]


PYTHON = f"python{sys.version_info[0]}.{sys.version_info[1]}"
BUILD = (
    Prerequisite("a C++20 compiler (GCC 12 or clang 15 or newer)", "g++", has_compiler),
    Prerequisite("make or ninja", "make", has_make),
    Prerequisite("OpenSSL 3 headers", "libssl-dev", has_openssl),
    Prerequisite("GMP headers", "libgmp-dev", has_gmp),
    Prerequisite("Python headers", f"{PYTHON}-dev", has_python_headers),
    Prerequisite("Python's venv module", f"{PYTHON}-venv", has_venv),
)
TESTS = (
    Prerequisite("doctest, the C++ test framework", "doctest-dev", has_doctest),
    Prerequisite("npm, for snarkjs and circom, the oracles", "npm", has_npm),
)
DEEP = (Prerequisite("valgrind", "valgrind", lambda: shutil.which("valgrind") is not None),)


def missing(*, tests: bool = False, deep: bool = False) -> list[Prerequisite]:
    """What is not there. Without a compiler no header can be looked for, so all that need one are counted missing."""
    wanted = BUILD + (TESTS if tests or deep else ()) + (DEEP if deep else ())
    return [item for item in wanted if not item.present()]


def apt_command(items: list[Prerequisite]) -> str:
    return "apt-get install -y " + " ".join(item.package for item in items)


def explain(items: list[Prerequisite]) -> str:
    """What a person reads: what is missing, and the command that brings it."""
    lines = ["pyzkfl cannot be built here. Missing:"]
    lines += [f"  - {item.what}   (Debian, Ubuntu: {item.package})" for item in items]
    lines += ["On Debian or Ubuntu:", f"  sudo {apt_command(items)}", "then run the same command again."]
    return "\n".join(lines)


def install(items: list[Prerequisite]) -> bool:
    """Runs the apt command if that needs no question; False where it may not or did not work."""
    if os.environ.get("PYZKFL_NO_APT", "") not in ("", "0") or shutil.which("apt-get") is None:
        return False
    prefix: list[str] = []
    if os.geteuid() != 0:
        if shutil.which("sudo") is None or subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode != 0:
            return False
        prefix = ["sudo", "-n"]
    prefix += ["env", "DEBIAN_FRONTEND=noninteractive"]
    command = [*prefix, *shlex.split(apt_command(items)), "--no-install-recommends", "-q"]
    print("+", shlex.join(command), flush=True)
    if subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode == 0:
        return True
    update = [*prefix, "apt-get", "update"]  # no package lists yet, or old ones
    print("+", shlex.join(update), flush=True)
    subprocess.run(update, stdin=subprocess.DEVNULL, check=False)
    return subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode == 0


def jobs() -> int:
    """Parallel compilations: one takes up to about 1.3 GB, and an install shall do with 4 GB."""
    if asked := os.environ.get("PYZKFL_BUILD_JOBS"):
        return max(1, int(asked))
    memory = 4e9
    try:
        available = re.search(r"MemAvailable:\s+(\d+)", Path("/proc/meminfo").read_text())
        memory = min(memory, 1024 * int(available[1])) if available else memory
    except OSError:
        pass
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(processors, int(memory / 1.3e9)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tests", action="store_true", help="also what `make test` needs")
    parser.add_argument("--deep", action="store_true", help="also what `make test-deep` needs")
    parser.add_argument("--install", action="store_true", help="run the apt command if no question is needed")
    parser.add_argument("--jobs", action="store_true", help="print how many compilations this machine takes at once")
    arguments = parser.parse_args()

    if arguments.jobs:
        print(jobs())
        return 0
    items = missing(tests=arguments.tests, deep=arguments.deep)
    if not items:
        return 0
    if not arguments.install:
        print(explain(items), file=sys.stderr)
        return 1
    print("missing:", ", ".join(item.what for item in items), flush=True)
    installed = install(items)
    items = missing(tests=arguments.tests, deep=arguments.deep)
    if items:
        if installed:
            print("apt-get ran, but something is still missing.", file=sys.stderr)
        print(explain(items), file=sys.stderr)
    return 1 if items else 0


if __name__ == "__main__":
    sys.exit(main())
