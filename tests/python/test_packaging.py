"""What is installed is what was meant: version, extras, the wheel's contents, what a bare machine is told."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import pyzkfl

COMPILERS = re.compile(r"^(c\+\+|g\+\+|gcc|cc|clang|clang\+\+|cpp|x86_64-linux-gnu-g.*)([-.0-9].*)?$")


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    root = Path(__file__).resolve().parents[2]
    return tomllib.loads((root / "pyproject.toml").read_text())["project"]


@pytest.fixture
def prerequisites(repository: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("prerequisites_under_test", repository / "scripts/prerequisites.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def bare_path(tmp_path: Path) -> Path:
    """A folder that stands for $PATH on a machine without a compiler: links to all programs but compilers and apt."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for source in reversed(os.environ["PATH"].split(os.pathsep)):
        if not os.path.isdir(source):
            continue
        for name in os.listdir(source):
            if not COMPILERS.match(name) and name not in {"apt-get", "sudo", "ccache"}:
                link = folder / name
                link.unlink(missing_ok=True)
                link.symlink_to(Path(source, name))
    return folder


def script(path: Path, text: str) -> Path:
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


# --- what pyproject.toml says ------------------------------------------------------------------------------------


def test_the_version_is_the_same_everywhere(repository: Path) -> None:
    assert importlib.metadata.version("pyzkfl") == pyzkfl.__version__
    assert re.search(rf"^## {re.escape(pyzkfl.__version__)}$", (repository / "CHANGELOG.md").read_text(), re.MULTILINE)


def test_every_json_carries_schema_version_and_commit() -> None:
    stamp = pyzkfl.build_stamp()
    assert stamp["schema"] == 1
    assert stamp["version"] == pyzkfl.__version__
    assert re.fullmatch(r"[0-9a-f]{40}(\+changes)?|unknown", str(stamp["commit"]))


def test_no_dependency_has_an_upper_bound(project: dict[str, Any]) -> None:
    for requirement in project["dependencies"]:
        assert re.fullmatch(r"[A-Za-z0-9_-]+>=[0-9.]+", requirement), requirement


def test_typer_and_rich_may_be_as_old_as_flower_needs(project: dict[str, Any]) -> None:
    lowest = dict(requirement.split(">=") for requirement in project["dependencies"])
    assert tuple(map(int, lowest["typer"].split("."))) < (0, 21)
    assert tuple(map(int, lowest["rich"].split("."))) < (15,)


def test_the_promised_extras_exist_each_with_its_python_range(project: dict[str, Any]) -> None:
    extras = project["optional-dependencies"]
    assert set(extras) == {"torch", "flower", "nvflare", "dp", "evm", "he", "demo", "report", "test"}
    for extra in ("torch", "flower", "nvflare", "dp", "evm", "he"):
        assert all("python_version" in requirement for requirement in extras[extra])


def test_the_public_names_are_all_there() -> None:
    for name in pyzkfl.__all__:
        assert getattr(pyzkfl, name) is not None
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = pyzkfl.no_such_name


# --- the wheel ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_wheel_installs_and_works_without_a_compiler_and_holds_what_it_must(repository: Path, tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    build = [*pip, "wheel", "--no-build-isolation", "--no-deps", "-w", str(tmp_path), str(repository)]
    subprocess.run(build, check=True, capture_output=True, text=True)
    (wheel,) = tmp_path.glob("pyzkfl-*.whl")

    names = set(zipfile.ZipFile(wheel).namelist())
    modules = {str(path.relative_to(repository)) for path in (repository / "pyzkfl").rglob("*.py")}
    assert modules - names == set()
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"pyzkfl"}
    assert "pyzkfl/py.typed" in names
    contracts = {str(p.relative_to(repository)) for p in (repository / "pyzkfl/ledger/contracts").glob("*.json")}
    assert contracts and contracts - names == set()
    assert any(name.startswith("pyzkfl/_core.") and name.endswith(".so") for name in names)
    for source in (repository / "pyzkfl").rglob("*.pyx"):
        stem = str(source.relative_to(repository).with_suffix(""))
        assert any(name.startswith(stem + ".") and name.endswith(".so") for name in names), f"{stem} is not compiled"
    assert any(name.endswith("licenses/LICENSE") for name in names)

    assert {"LGPL-3.0.txt", "README.md"} <= {name.rsplit("/", 1)[1] for name in names if "/licenses/" in name}

    # OpenSSL and GMP inside, into an environment that has nothing, for a machine that has no compiler.
    tools = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    repair = [sys.executable, "-m", "auditwheel", "repair", "--wheel-dir", str(tmp_path / "dist"), str(wheel)]
    subprocess.run(repair, check=True, capture_output=True, env=tools)
    (portable,) = (tmp_path / "dist").glob("pyzkfl-*manylinux*.whl")
    inside = [name for name in zipfile.ZipFile(portable).namelist() if name.startswith("pyzkfl.libs/")]
    assert any("libcrypto" in name for name in inside) and any("libgmp" in name for name in inside)

    venv.create(tmp_path / "clean", with_pip=True)
    clean = tmp_path / "clean/bin"
    subprocess.run([str(clean / "pip"), "install", "-q", str(portable)], check=True, capture_output=True)
    bare = {"PATH": str(clean), "HOME": str(tmp_path)}
    assert shutil.which("c++", path=bare["PATH"]) is None

    def run(*command: str) -> str:
        done = subprocess.run(command, cwd=tmp_path, env=bare, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    found = json.loads(run(str(clean / "pyzkfl"), "doctor", "--json"))
    assert found["ok"] and found["core"]["loads"] and found["commit"] != "unknown"
    assert Path(found["package_folder"]).is_relative_to(tmp_path / "clean")
    mapped = run(str(clean / "python"), "-c", "import pyzkfl._core; print(open('/proc/self/maps').read())")
    for library in ("libcrypto", "libgmp"):
        assert {Path(part).parent.name for part in mapped.split() if library in part} == {"pyzkfl.libs"}
    if os.environ.get("PYZKFL_DEEP"):
        result = json.loads(run(str(clean / "pyzkfl"), "demo", "--json"))
        assert result["forgeries_refused"] == result["forgeries_tried"] == 9 and result["ledger_ok"]


# --- a machine where something is missing ------------------------------------------------------------------------


def build_with(repository: Path, tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """setup.py as pip runs it, into folders of the test's own."""
    folder = tmp_path / "build"
    return subprocess.run(
        [sys.executable, "setup.py", "build", "--build-base", str(folder)],
        cwd=repository,
        env={**os.environ, "PYZKFL_BUILD_DIR": str(folder / "native"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def assert_stops_clearly(done: subprocess.CompletedProcess[str], *packages: str) -> None:
    text = done.stdout + done.stderr
    assert done.returncode != 0
    assert "pyzkfl cannot be built here" in text
    assert "CMake Error" not in text
    assert "Traceback" not in text
    command = re.search(r"apt-get install -y (.*)", text)
    assert command is not None
    assert set(packages) <= set(command[1].split())


def test_without_a_compiler_the_build_names_the_packages(repository: Path, tmp_path: Path, bare_path: Path) -> None:
    done = build_with(repository, tmp_path, PATH=str(bare_path), CXX="", CC="")
    assert_stops_clearly(done, "g++", "libssl-dev")


def test_without_openssl_headers_the_build_names_the_package(repository: Path, tmp_path: Path) -> None:
    real = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
    compiler = script(
        tmp_path / "no-openssl-c++",
        f'for a in "$@"; do case "$a" in *.cpp) grep -q openssl "$a" && exit 1;; esac; done\nexec {real} "$@"\n',
    )
    done = build_with(repository, tmp_path, CXX=str(compiler), CMAKE_ARGS="-DCMAKE_DISABLE_FIND_PACKAGE_OpenSSL=ON")
    assert_stops_clearly(done, "libssl-dev")
    assert "g++" not in (done.stdout + done.stderr).split("apt-get install")[1]


def run_make_check(repository: Path, path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "scripts/prerequisites.py", "--install"],
        cwd=repository,
        env={**os.environ, "PATH": str(path), "CXX": "", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="as another user apt-get goes through sudo; see the test below")
def test_make_runs_apt_get_by_itself_only_where_it_may(repository: Path, tmp_path: Path, bare_path: Path) -> None:
    calls = tmp_path / "calls"
    script(bare_path / "apt-get", f'echo "$DEBIAN_FRONTEND $*" >> {calls}\n')

    forbidden = run_make_check(repository, bare_path, PYZKFL_NO_APT="1")
    assert forbidden.returncode == 1
    assert "sudo apt-get install -y g++" in forbidden.stderr
    assert not calls.exists()

    allowed = run_make_check(repository, bare_path, PYZKFL_NO_APT="")
    assert calls.read_text().startswith("noninteractive install -y g++")
    assert allowed.returncode == 1  # our apt-get installs nothing, and that does not pass for success
    assert "still missing" in allowed.stderr


def test_without_root_apt_get_runs_through_sudo_only_if_that_asks_nothing(
    prerequisites: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = tmp_path / "calls"
    folder = tmp_path / "bin"
    folder.mkdir()
    script(folder / "apt-get", f"echo apt-get >> {calls}\n")
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.delenv("PYZKFL_NO_APT", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    items = list(prerequisites.TESTS)

    script(folder / "sudo", f'echo "$*" >> {calls}\n[ "$*" != "-n true" ]\n')  # would ask for a password
    assert not prerequisites.install(items)
    assert calls.read_text() == "-n true\n"

    calls.unlink()
    script(folder / "sudo", f'echo "$*" >> {calls}\n')
    assert prerequisites.install(items)
    first, second = calls.read_text().splitlines()
    assert first == "-n true"
    assert second.startswith("-n env DEBIAN_FRONTEND=noninteractive apt-get install -y doctest-dev npm")


def test_the_build_takes_no_more_jobs_than_4_gb_allow(
    prerequisites: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYZKFL_BUILD_JOBS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    assert 1 <= prerequisites.jobs() <= 3
    monkeypatch.setenv("PYZKFL_BUILD_JOBS", "7")
    assert prerequisites.jobs() == 7


@pytest.mark.parametrize("name", [".ci/run", "scripts/test.sh", "scripts/test_deep.sh"])
def test_the_shell_scripts_parse(repository: Path, name: str) -> None:
    subprocess.run(["bash", "-n", str(repository / name)], check=True)
