"""The tests of a file of the package are found by its name."""

import pathlib

import pytest

import minitorch

PACKAGE = pathlib.Path(minitorch.__file__).parent
MODULES = {path.stem for path in PACKAGE.rglob("*.py")} | {path.parent.name for path in PACKAGE.rglob("__init__.py")}


@pytest.mark.parametrize("file", sorted((PACKAGE.parent / "tests" / "unit").glob("test_*.py")), ids=lambda file: file.stem)
def test_a_file_of_unit_tests_has_the_name_of_a_module_of_the_package(file):
    module = file.stem.removeprefix("test_")
    assert module in MODULES, f"the package has no {module}.py: name {file.name} after the file whose functions it tests"
