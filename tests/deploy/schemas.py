"""Schemas of custom resources, made as strict as the cluster is asked to be: a field that nobody knows is an error.

They are read out of Go modules that ``scripts/install-schemas`` downloads. Those of RabbitMQ's operator and of CloudNativePG are on no
package registry: here is which of their fields the chart uses, as their reference has them, and no other is taken.
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


def _object(*required: str, **properties: Schema) -> Schema:
    return {"type": "object", "required": list(required), "properties": properties, "additionalProperties": False}


def _cluster(version: str, kind: str, spec: Schema) -> Schema:
    return _object("apiVersion", "kind", "metadata", "spec", apiVersion={"const": version}, kind={"const": kind}, metadata={}, spec=spec)


_TEXT: Schema = {"type": "string", "minLength": 1}
_FLAG: Schema = {"type": "boolean"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_QUANTITY: Schema = {"type": "string", "pattern": r"^[0-9.]+([mkMGTP]i?)?$"}
_TEXTS: Schema = {"type": "object", "additionalProperties": {"type": "string"}}
_RESOURCES = _object(requests={"type": "object"}, limits={"type": "object"})

OWN: dict[str, Schema] = {
    "RabbitmqCluster": _cluster(
        "rabbitmq.com/v1beta1",
        "RabbitmqCluster",
        _object(
            replicas=_COUNT,
            image=_TEXT,
            persistence=_object(storage=_QUANTITY, storageClassName=_TEXT),
            resources=_RESOURCES,
            terminationGracePeriodSeconds=_COUNT,
            affinity=_object(podAntiAffinity={"type": "object"}),
            rabbitmq=_object(additionalConfig={"type": "string", "maxLength": 100_000}),
        ),
    ),
    "Cluster": _cluster(
        "postgresql.cnpg.io/v1",
        "Cluster",
        _object(
            "instances",
            instances={"type": "integer", "minimum": 1},
            imageName=_TEXT,
            bootstrap=_object(initdb=_object(database=_TEXT, owner=_TEXT, encoding=_TEXT)),
            storage=_object(size=_QUANTITY, storageClass=_TEXT),
            resources=_RESOURCES,
            affinity=_object(enablePodAntiAffinity=_FLAG, topologyKey=_TEXT, podAntiAffinityType={"enum": ["preferred", "required"]}),
            postgresql=_object(
                parameters=_TEXTS,
                synchronous=_object(
                    "method", "number", method={"enum": ["any", "first"]}, number=_COUNT, dataDurability={"enum": ["required", "preferred"]}
                ),
            ),
            plugins={"type": "array", "items": _object("name", name=_TEXT, enabled=_FLAG, isWALArchiver=_FLAG, parameters=_TEXTS)},
        ),
    ),
    "ScheduledBackup": _cluster(
        "postgresql.cnpg.io/v1",
        "ScheduledBackup",
        _object(
            "cluster",
            "schedule",
            schedule=_TEXT,
            immediate=_FLAG,
            suspend=_FLAG,
            backupOwnerReference={"enum": ["none", "self", "cluster"]},
            cluster=_object("name", name=_TEXT),
            method={"enum": ["barmanObjectStore", "volumeSnapshot", "plugin"]},
            pluginConfiguration=_object("name", name=_TEXT, parameters=_TEXTS),
        ),
    ),
}


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
    if kind in OWN:
        return Draft7Validator(OWN[kind])
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
