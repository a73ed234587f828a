"""Schemas of custom resources, made as strict as the cluster is asked to be: a field that nobody knows is an error.

They are read out of Go modules that ``scripts/install-schemas`` downloads.
"""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml
from jsonschema import Draft7Validator

from tests.absent import unpromised

Schema = dict[str, Any]
LOCKED = Path(__file__).with_name("schemas.txt")
_PROMISE: Final = "SYNAPSE_CI_GO"
"""Go is not what a checkout needs; where this is 1, it is there."""
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def locked() -> dict[str, tuple[str, str]]:
    """Module and file of each kind's definition."""
    lines = [line.split() for line in LOCKED.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    return {kind: (module, file) for kind, module, file in lines}


@cache
def _modules() -> Path:
    go = shutil.which("go")
    if go is None:
        unpromised("go is not installed, which downloads the schemas of custom resources (scripts/install-schemas)", _PROMISE)
    return Path(subprocess.run([go, "env", "GOMODCACHE"], capture_output=True, text=True, check=True, timeout=60).stdout.strip())


@cache
def validator(kind: str, version: str) -> Draft7Validator:
    """For objects of a kind at a version, ``group/v1``. Raises AssertionError where the definition does not serve it."""
    module, file = locked()[kind]
    path = _modules() / module / file
    if not path.exists():
        unpromised(f"{module} is not downloaded (scripts/install-schemas)", _PROMISE)
    found = [each for each in yaml.load_all(path.read_text("utf-8"), Loader=_LOADER) if each and each["spec"]["names"]["kind"] == kind]
    served = {f"{each['spec']['group']}/{one['name']}": one for each in found for one in each["spec"]["versions"] if one["served"]}
    assert version in served, f"{module} serves {kind} as {sorted(served)}"
    schema = served[version]["schema"]["openAPIV3Schema"]
    # What every object has, whether its definition says so or not.
    schema["properties"] = {"apiVersion": {}, "kind": {}, "metadata": {}, **schema["properties"]}
    return Draft7Validator(strict(schema))


def strict(schema: Any) -> Any:
    """The same schema, which also refuses fields that it does not name, as the API server does with ``fieldValidation=Strict``."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: strict(each) for name, each in schema.items()}
    named = isinstance(schema.get("properties"), dict) and schema.get("type") == "object"
    if named and "additionalProperties" not in schema and not schema.get("x-kubernetes-preserve-unknown-fields"):
        found["additionalProperties"] = False
    return found


def errors(manifest: dict[str, Any]) -> list[str]:
    """What a custom resource's schema has against an object."""
    found = validator(manifest["kind"], manifest["apiVersion"]).iter_errors(manifest)
    return [f"{'/'.join(map(str, each.absolute_path))}: {each.message}" for each in found]
