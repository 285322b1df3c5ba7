"""The files that GitHub and citation tools read: they parse, and they agree with the project."""

import re
import tarfile
import tomllib
from pathlib import Path

import pytest
import yaml

import heedful

ROOT = Path(heedful.__file__).parents[1]
YAML_FILES = sorted([*ROOT.glob("*.cff"), *ROOT.glob(".github/**/*.yml")])
FORM_ITEMS = {"textarea", "input", "dropdown", "checkboxes", "markdown"}

pytestmark = pytest.mark.skipif(not (ROOT / ".github").is_dir(), reason="not run from a source tree")


def read_yaml(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.mark.parametrize("path", YAML_FILES, ids=lambda path: path.name)
def test_a_yaml_file_parses(path):
    assert read_yaml(path)


def test_the_citation_has_what_the_format_requires():
    citation = read_yaml(ROOT / "CITATION.cff")
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert all(author.get("name") or author.get("family-names") for author in citation["authors"])


def test_the_citation_agrees_with_the_project():
    citation = read_yaml(ROOT / "CITATION.cff")
    assert citation["version"] == project()["version"]
    assert citation["license"] == project()["license"]


def test_the_workflow_runs_the_checks_on_every_supported_python():
    workflow = read_yaml(ROOT / ".github" / "workflows" / "ci.yml")
    job = workflow["jobs"]["checks"]
    supported = re.findall(r"Python :: (\d\.\d+)", " ".join(project()["classifiers"]))
    assert job["strategy"]["matrix"]["python"] == supported
    assert {"run": ".ci/run"} in job["steps"]


@pytest.mark.parametrize("name", ["bug", "feature"])
def test_an_issue_form_has_what_github_requires(name):
    form = read_yaml(ROOT / ".github" / "ISSUE_TEMPLATE" / f"{name}.yml")
    assert form["name"]
    assert form["description"]
    for item in form["body"]:
        assert item["type"] in FORM_ITEMS
        assert item["attributes"]["label"]
    ids = [item["id"] for item in form["body"]]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", ["SECURITY.md", "CODE_OF_CONDUCT.md"])
def test_a_policy_names_a_private_channel_and_no_address(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "Report a vulnerability" in text
    assert "@" not in text


def test_the_source_distribution_carries_what_its_pages_and_tests_name(tmp_path):
    """Documentation, recipes and benchmarks are named by the README, and run by tests."""
    build = pytest.importorskip("hatchling.build")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        name = build.build_sdist(str(tmp_path))
    with tarfile.open(tmp_path / name) as archive:
        files = {file.partition("/")[2] for file in archive.getnames()}
    tracked = {"README.md", "Makefile", "pyproject.toml", "constraints.txt", "CITATION.cff"}
    for folder in ("docs", "recipes", "benchmarks", "tests", "heedful"):
        sources = [path for kind in ("*.md", "*.py", "*.yaml", "*.rst") for path in (ROOT / folder).rglob(kind)]
        tracked |= {str(path.relative_to(ROOT)) for path in sources if "_build" not in path.parts}
    assert tracked <= files
    assert not [file for file in files if file.startswith(("docs/_build", "runs/", "demo/", ".venv"))]


def test_extras_promise_only_what_exists():
    """Every extra for users has a module of the package that imports one of its packages."""
    extras = project()["optional-dependencies"]
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "heedful").rglob("*.py"))
    modules = {"x-transformers": "x_transformers"}
    for extra in set(extras) - {"all", "docs", "dev"}:
        packages = [re.split(r"[>=;\[ ]", requirement)[0] for requirement in extras[extra]]
        assert any(modules.get(package, package) in sources for package in packages), extra
    named = re.findall(r"\w+", re.search(r"\[(.*)\]", extras["all"][0])[1])
    assert set(named) <= set(extras)
