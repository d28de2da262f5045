"""DESIGN, layers: nothing uses what stands above it, checked on every #include and import; and the rules of a file.

csrc/CMakeLists.txt states each module and what it depends on. The linker would not notice a header taken from a module
that is not among them, so this test reads both and compares.
"""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

INCLUDE = re.compile(r'^\s*#\s*include\s*["<]([^">]+)[">]', re.MULTILINE)
MODULE = re.compile(r"^\s*pyzkfl_module\((\w+)([^)]*)\)", re.MULTILINE)

# Folders of the Python package that stand above the rest, and may be used by nothing but what stands above them.
# A name on a line may use the lines before it; what is not named here is the core.
PYTHON_TOP = (("integrations",), ("demo", "bench", "drift", "report"), ("cli", "__main__"))

VAGUE = {"util", "utils", "common", "misc", "helper", "helpers", "stuff", "tools", "lib"}

# Files longer than a room should be, each with its reason.
LONG_FILES: dict[str, str] = {}
LONGEST = 650


# --- C++ ---------------------------------------------------------------------------------------------------------


def declared_dependencies(text: str) -> dict[str, set[str]]:
    """Each module's dependencies, transitively, as csrc/CMakeLists.txt states them; order is checked on the way."""
    declared: dict[str, set[str]] = {}
    for name, rest in MODULE.findall(text):
        words = rest.split()
        direct: list[str] = []
        if "DEPENDS" in words:
            for word in words[words.index("DEPENDS") + 1 :]:
                if word == "LIBRARIES":
                    break
                direct.append(word)
        for other in direct:
            assert other in declared, f"csrc/CMakeLists.txt: {name} depends on {other}, which is not declared before it"
        declared[name] = set(direct).union(*(declared[other] for other in direct))
    return declared


def wrong_includes(root: Path) -> list[str]:
    """Every #include of a module that the including module does not depend on; and of pybind11 outside bindings/."""
    allowed = declared_dependencies((root / "csrc/CMakeLists.txt").read_text())
    wrong = []
    for path in sorted(p for p in (root / "csrc").rglob("*") if p.suffix in {".h", ".cpp", ".inc"}):
        where = path.relative_to(root)
        module = where.parts[1]
        if module not in allowed:
            wrong.append(f"{where}: folder {module} is no module of csrc/CMakeLists.txt")
            continue
        for included in INCLUDE.findall(path.read_text()):
            target = included.split("/")[0]
            if target == "pybind11" or included == "Python.h":
                wrong.append(f"{where}: includes {included}; only bindings/ may")
            elif included.startswith("."):
                wrong.append(f"{where}: includes {included}; includes are relative to csrc")
            elif target in allowed and target != module and target not in allowed[module]:
                wrong.append(f"{where}: includes {included}, but {module} does not depend on {target}")
    return wrong


def test_no_cpp_file_includes_a_module_above_its_own(repository: Path) -> None:
    assert wrong_includes(repository) == []


def test_the_masking_column_knows_nothing_of_proofs(repository: Path) -> None:
    allowed = declared_dependencies((repository / "csrc/CMakeLists.txt").read_text())
    assert allowed["secagg"] <= {"base", "fields", "hash", "edwards"}


def test_cpp_tests_link_only_the_module_they_test(repository: Path) -> None:
    allowed = declared_dependencies((repository / "csrc/CMakeLists.txt").read_text())
    wrong = []
    for path in sorted((repository / "tests/cpp").glob("*/*.cpp")):
        module = path.parent.name
        assert module in allowed, f"{path}: no module {module}, so this test would never be built"
        for included in INCLUDE.findall(path.read_text()):
            target = included.split("/")[0]
            if target in allowed and target != module and target not in allowed[module]:
                wrong.append(f"{path.relative_to(repository)}: includes {included}")
    assert wrong == []


@pytest.mark.parametrize(
    ("place", "line", "complaint"),
    [
        ("csrc/low/a.h", '#include "high/b.h"', "low does not depend on high"),
        ("csrc/low/a.cpp", '  #  include "high/b.h"', "low does not depend on high"),
        ("csrc/low/a.h", "#include <high/b.h>", "low does not depend on high"),
        ("csrc/high/deep/b.h", "#include <pybind11/pybind11.h>", "only bindings/ may"),
        ("csrc/low/a.h", '#include "../high/b.h"', "relative to csrc"),
        ("csrc/beside/c.h", '#include "high/b.h"', "beside does not depend on high"),
        ("csrc/nowhere/d.h", '#include "low/a.h"', "no module"),
    ],
)
def test_a_planted_upward_include_is_found(tmp_path: Path, place: str, line: str, complaint: str) -> None:
    (tmp_path / "csrc").mkdir()
    (tmp_path / "csrc/CMakeLists.txt").write_text(
        "pyzkfl_module(low LIBRARIES x)\n"
        "pyzkfl_module(high DEPENDS low LIBRARIES y)\n"
        "pyzkfl_module(beside DEPENDS low)\n"
    )
    for folder in ("low", "high/deep", "beside", "nowhere"):
        (tmp_path / "csrc" / folder).mkdir(parents=True)
    (tmp_path / "csrc/high/b.h").write_text('// Allowed.\n#include "low/a.h"\n#include "high/b.h"\n#include <vector>\n')
    assert wrong_includes(tmp_path) == []

    (tmp_path / place).write_text(f"// Planted.\n{line}\n")
    found = wrong_includes(tmp_path)
    assert len(found) == 1
    assert complaint in found[0]


def test_a_dependency_on_a_later_module_is_found() -> None:
    with pytest.raises(AssertionError, match="not declared before"):
        declared_dependencies("pyzkfl_module(low DEPENDS high)\npyzkfl_module(high)\n")


# --- Kernels -----------------------------------------------------------------------------------------------------

KERNEL_SYSTEM_HEADERS = {"immintrin.h", "cstddef", "cstdint"}
KERNEL_FORBIDDEN = {
    "template": re.compile(r"\btemplate\b"),
    "the standard library": re.compile(r"\bstd::"),
    "a generic lambda": re.compile(r"\]\s*\([^)]*\bauto\b"),
    "a generic function": re.compile(r"\w\((?:[^()]*[\s,(])?(?:const\s+)?auto\b[^()]*\)\s*\{"),
}


def kernel_faults(root: Path) -> list[str]:
    """What files compiled for special processors, or their headers, have that other files could be given a copy of."""
    patterns = ("csrc/*/kernels/*_ifma.cpp", "csrc/*/kernels/*_vaes.cpp", "tests/cpp/*/*_ifma.cpp")
    waiting = sorted(path for pattern in patterns for path in root.glob(pattern))
    assert waiting
    seen, faults = set(waiting), []
    while waiting:
        path = waiting.pop()
        where = path.relative_to(root)
        code = re.sub(r"//[^\n]*|/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
        faults += [f"{where}: {what}" for what, pattern in KERNEL_FORBIDDEN.items() if pattern.search(code)]
        for included in INCLUDE.findall(code):
            own = [p for p in (root / "csrc" / included, path.parent / included) if p.is_file()]
            if not own and included not in KERNEL_SYSTEM_HEADERS:
                faults.append(f"{where}: includes {included}")
            waiting += [p for p in own if p not in seen]
            seen.update(own)
    return faults


def test_kernels_have_no_template_and_no_standard_library(repository: Path) -> None:
    assert kernel_faults(repository) == []


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("template <class T> T twice(T v);", "template"),
        ("const int n = std::min(1, 2);", "the standard library"),
        ("#include <algorithm>", "includes algorithm"),
        ('#include "missing.h"', "includes missing.h"),
        ("const auto twice = [](auto v) { return v + v; };", "a generic lambda"),
        ("inline int twice(const auto& v) { return v + v; }", "a generic function"),
    ],
)
def test_a_planted_fault_of_a_kernel_is_found(tmp_path: Path, line: str, complaint: str) -> None:
    folder = tmp_path / "csrc/low/kernels"
    folder.mkdir(parents=True)
    (folder / "a_ifma.cpp").write_text('// A template of std::array in a comment.\n#include "low/kernels/b.h"\n')
    (folder / "b.h").write_text("#include <immintrin.h>\nconst auto v = f(g(1));\nauto h(int v) {}\n")
    assert kernel_faults(tmp_path) == []

    (folder / "b.h").write_text(line + "\n")
    assert kernel_faults(tmp_path) == [f"csrc/low/kernels/b.h: {complaint}"]


# --- Python ------------------------------------------------------------------------------------------------------


def imports_of(path: Path, package: str) -> Iterator[tuple[int, str]]:
    """(line, absolute name) of each import in the file, those inside functions too; `package` is the file's own."""
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, base] if base else parents)
            for alias in node.names:
                yield node.lineno, f"{base}.{alias.name}"


def level(part: str) -> int:
    return next((i + 1 for i, names in enumerate(PYTHON_TOP) if part in names), 0)


def wrong_imports(root: Path) -> list[str]:
    """Every import of a higher part of the package by a lower one."""
    wrong = []
    for path in sorted((root / "pyzkfl").rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        package = ".".join(parts[:-1])
        own = level(parts[1])
        for line, name in imports_of(path, package):
            words = name.split(".")
            if words[0] == "pyzkfl" and len(words) > 1 and level(words[1]) > own:
                wrong.append(f"{path.relative_to(root)}:{line}: imports {name}, which stands above it")
    return wrong


def test_no_python_module_imports_what_stands_above_it(repository: Path) -> None:
    assert wrong_imports(repository) == []


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("pyzkfl/job.py", "from pyzkfl.cli import main"),
        ("pyzkfl/job.py", "import pyzkfl.demo.run"),
        ("pyzkfl/job.py", "from pyzkfl import integrations"),
        ("pyzkfl/job.py", "from .demo import run"),
        ("pyzkfl/ledger/store.py", "def f():\n    from ..cli import main"),
        ("pyzkfl/integrations/flower.py", "from pyzkfl.demo import run"),
    ],
)
def test_a_planted_upward_import_is_found(tmp_path: Path, place: str, line: str) -> None:
    for folder in ("ledger", "cli", "demo", "integrations"):
        (tmp_path / "pyzkfl" / folder).mkdir(parents=True)
    (tmp_path / "pyzkfl/cli/main.py").write_text("from pyzkfl.demo import run\nfrom ..job import Job\nimport json\n")
    (tmp_path / "pyzkfl/integrations/torch.py").write_text("from pyzkfl.job import Job\n")
    assert wrong_imports(tmp_path) == []

    (tmp_path / place).write_text(line + "\n")
    assert len(wrong_imports(tmp_path)) == 1


# --- files -------------------------------------------------------------------------------------------------------


def source_files(root: Path) -> list[Path]:
    """The project's own sources: what git tracks or would track."""
    done = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        pytest.skip("not a git checkout")
    suffixes = {".h", ".cpp", ".py", ".pyx", ".sh", ".cmake"}
    paths = (root / name for name in done.stdout.splitlines())
    return [path for path in paths if path.suffix in suffixes and path.is_file()]


def test_no_folder_or_file_has_a_vague_name(repository: Path) -> None:
    vague = [
        str(path.relative_to(repository))
        for path in source_files(repository)
        if VAGUE & {part.lower() for part in path.relative_to(repository).with_suffix("").parts}
    ]
    assert vague == []


def test_each_file_begins_by_saying_what_it_is(repository: Path) -> None:
    silent = []
    for path in source_files(repository):
        lines = path.read_text().splitlines()
        if lines and lines[0].startswith("#!"):
            lines = lines[1:]
        first = lines[0] if lines else "//"  # an empty __init__.py has nothing to say
        if not first.startswith(("//", "/*", "#", '"""', 'r"""')) or first.startswith(("#include", "#pragma")):
            silent.append(str(path.relative_to(repository)))
    assert silent == []


def test_no_file_is_longer_than_a_room(repository: Path) -> None:
    lengths = {str(p.relative_to(repository)): len(p.read_text().splitlines()) for p in source_files(repository)}
    assert {name: n for name, n in lengths.items() if n > LONGEST and name not in LONG_FILES} == {}
    assert [name for name in LONG_FILES if lengths.get(name, 0) <= LONGEST] == [], "not long any more: off the list"
