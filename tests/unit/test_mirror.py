"""Where a module is tested is not a question: `synapse/a/b.py` is tested in `tests/unit/a/test_b.py`."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "tests" / "unit"

# What needs no file of its own, each with its reason.
UNTESTED_BY_NAME = {
    "synapse/celery.py",  # the name `celery -A synapse` looks for; it only imports
}
# Unit tests about the tree rather than about one module.
ABOUT_THE_TREE = {"tests/unit/test_mirror.py"}


def _modules() -> list[Path]:
    found = [path.relative_to(ROOT) for path in (ROOT / "synapse").rglob("*.py")]
    return [path for path in found if path.name != "__init__.py" and "migrations" not in path.parts]


def _test_of(module: Path) -> Path:
    return Path("tests", "unit", *module.parts[1:-1], f"test_{module.name.lstrip('_')}")


def test_every_module_has_its_unit_tests() -> None:
    modules = [module for module in _modules() if module.as_posix() not in UNTESTED_BY_NAME]
    missing = sorted(f"{module} needs {_test_of(module)}" for module in modules if not (ROOT / _test_of(module)).exists())
    assert not missing, "\n".join(missing)


def test_every_unit_test_file_is_about_one_module() -> None:
    known = {_test_of(module).as_posix() for module in _modules()} | ABOUT_THE_TREE
    files = {path.relative_to(ROOT).as_posix() for path in UNIT.rglob("test_*.py")}
    strangers = sorted(files - known)
    assert not strangers, f"no module of synapse/ is mirrored by: {strangers}"


def test_nothing_is_excused_that_does_not_exist() -> None:
    names = {path.as_posix() for path in _modules()}
    stale = sorted(name for name in UNTESTED_BY_NAME if name not in names)
    assert not stale, f"these are gone, or were never there: {stale}"
