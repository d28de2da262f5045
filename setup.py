"""Builds pyzkfl's native core with CMake, and its Cython modules with setuptools. Everything else is in pyproject.toml.

    pip install .                            a normal install
    python setup.py build_ext --inplace      compile beside the sources, only what changed (make dev)

PYZKFL_BUILD_JOBS   parallel compilations; default: as many as the processors and the memory take
PYZKFL_BUILD_DIR    where CMake builds; default build/native-<python tag>, reused from one build to the next
PYZKFL_BUILD_TYPE   CMake build type; default Release
CMAKE_ARGS          further arguments of CMake, as other packages know it (-DOPENSSL_ROOT_DIR=...)
"""

from __future__ import annotations

import fcntl
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build import build
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "scripts"))
import prerequisites  # noqa: E402  (pip runs this file without its folder on the path)

CORE = "pyzkfl._core"
CMAKE_MINIMUM = (3, 22)


def working(program: str, minimum: tuple[int, ...] = (0,)) -> bool:
    """Whether the program runs (one from another virtual environment may not) and is new enough."""
    try:
        text = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return False
    number = re.search(r"(\d+)\.(\d+)", text)
    return number is not None and tuple(map(int, number.groups())) >= minimum


def commit() -> str:
    """The commit built, with '+changes' where the tree differs from it; from an sdist, the commit it was made of."""
    if not (ROOT / ".git").exists():
        try:
            found = re.search(r'^COMMIT = "(.*)"$', (ROOT / "pyzkfl/_built.py").read_text(), re.MULTILINE)
        except OSError:
            return "unknown"
        return found[1] if found else "unknown"
    try:
        git = ["git", "-C", str(ROOT)]
        head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        changed = subprocess.run([*git, "diff", "--quiet", "HEAD"], capture_output=True, check=False).returncode != 0
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head + ("+changes" if changed else "")


def write_built(package: Path) -> None:
    """Writes _built.py, which pyzkfl/_build_info.py reads; leaves an equal file alone."""
    text = f'# Written by setup.py: what this build was made of.\nCOMMIT = "{commit()}"\n'
    path = package / "_built.py"
    if not path.exists() or path.read_text() != text:
        package.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def stop(message: str) -> None:
    """Ends the build with a message a person can act on, and no traceback of setuptools around it."""
    raise SystemExit("\n" + message + "\n")


def name_what_is_missing(log: str) -> None:
    """After a failed configuration: the missing packages by name; else the end of CMake's own log."""
    # pip brings its own environment, so the venv module is not needed to build.
    items = [item for item in prerequisites.missing() if item.present is not prerequisites.has_venv]
    stop(prerequisites.explain(items) if items else "CMake could not configure pyzkfl's native core:\n" + log[-4000:])


def replace(target: Path, source: Path) -> None:
    """Copies over `target` in one step; who has the old file open or mapped keeps it."""
    fresh = target.with_name(target.name + ".new")
    shutil.copy2(source, fresh)
    os.replace(fresh, target)


class Build(build):
    """Compiles before it copies, so that a build that cannot work says so at once."""

    def run(self) -> None:
        # setuptools never removes a file from build/lib, and what is there goes into the wheel.
        shutil.rmtree(self.build_lib, ignore_errors=True)
        self.run_command("build_ext")
        super().run()


class BuildPy(build_py):
    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            write_built(Path(self.build_lib, "pyzkfl"))


class BuildExt(build_ext):
    """CMake for the core, Cython for the rest."""

    def initialize_options(self) -> None:
        super().initialize_options()
        self.cython_c_in_temp = True  # no generated C beside the sources

    def run(self) -> None:
        if self.inplace:
            write_built(ROOT / "pyzkfl")
        super().run()

    def build_extension(self, ext: Extension) -> None:
        if ext.name == CORE:
            self.build_core(Path(self.get_ext_fullpath(ext.name)).resolve())
        else:
            super().build_extension(ext)

    def build_core(self, target: Path) -> None:
        default = ROOT / f"build/native-{sys.implementation.cache_tag}"
        folder = Path(os.environ.get("PYZKFL_BUILD_DIR") or default).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / "lock", "w") as lock:  # two builds at once would corrupt the folder
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.configure(folder)
            command = ["cmake", "--build", str(folder), "--target", "_core", "--parallel", str(prerequisites.jobs())]
            # The make above us, if there is one, has flags of its own that are not meant for CMake's.
            environment = {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL"}}
            if subprocess.run(command, env=environment, check=False).returncode != 0:
                stop("pyzkfl's native core did not compile; the compiler's messages are above.")
            built = folder / "bindings" / target.name
            target.parent.mkdir(parents=True, exist_ok=True)
            replace(target, built)

    def copy_extensions_to_source(self) -> None:
        """What --inplace does at the end; setuptools would write into files that a running Python has mapped."""
        build_py = self.get_finalized_command("build_py")
        for ext in self.extensions:
            in_source, in_build = self._get_inplace_equivalent(build_py, ext)
            replace(Path(in_source), Path(in_build))

    def configure(self, folder: Path) -> None:
        if not working("cmake", CMAKE_MINIMUM):
            stop("pyzkfl needs CMake 3.22 or newer: pip install cmake, or on Debian or Ubuntu: apt-get install cmake")
        try:
            import pybind11
        except ImportError:
            stop("pyzkfl needs pybind11 to build: pip install pybind11 cython (pip install . does that by itself)")
        build_type = os.environ.get("PYZKFL_BUILD_TYPE", "Release")
        command = [
            *("cmake", "-S", str(ROOT), "-B", str(folder)),
            f"-DCMAKE_BUILD_TYPE={build_type}",
            "-DPYZKFL_BINDINGS=ON",
            f"-DPython3_EXECUTABLE={sys.executable}",
            f"-Dpybind11_DIR={pybind11.get_cmake_dir()}",
            *shlex.split(os.environ.get("CMAKE_ARGS", "")),
        ]
        generator = ["-G", "Ninja"] if working("ninja") else []
        reused = (folder / "CMakeCache.txt").exists()
        first = command if reused else [*command, *generator]
        done = subprocess.run(first, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0 and reused:
            # A folder left by another CMake, generator or Python may not fit any more: once more from nothing.
            (folder / "CMakeCache.txt").unlink(missing_ok=True)
            shutil.rmtree(folder / "CMakeFiles", ignore_errors=True)
            done = subprocess.run(
                [*command, *generator], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
            )
        if done.returncode != 0:
            (folder / "CMakeCache.txt").unlink(missing_ok=True)
            name_what_is_missing(done.stdout)


class Sdist(sdist):
    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        super().make_release_tree(base_dir, files)
        write_built(Path(base_dir, "pyzkfl"))


def cython_modules() -> list[Extension]:
    """One extension for each .pyx file of the package."""
    paths = [path.relative_to(ROOT) for path in sorted((ROOT / "pyzkfl").rglob("*.pyx"))]
    return [Extension(".".join(path.with_suffix("").parts), [str(path)]) for path in paths]


setup(
    # CMake from PyPI only where the system has none; asked through pip's own hook (PEP 517).
    setup_requires=[] if working("cmake", CMAKE_MINIMUM) else ["cmake>=3.22"],
    ext_modules=[Extension(CORE, []), *cython_modules()],
    cmdclass={"build": Build, "build_ext": BuildExt, "build_py": BuildPy, "sdist": Sdist},
)
