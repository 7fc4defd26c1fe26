"""Holds each document of kubernetes/*.yaml against the schema that Kubernetes publishes for its kind, unknown properties refused."""

import pathlib
import sys

import kubernetes_validate
import yaml

# Kinds whose definition belongs to an operator or a tool, and is in no package.
ELSEWHERE = {"TestRun", "Kustomization"}

folder = pathlib.Path(sys.argv[1])
for file in sorted(folder.glob("*.yaml")):
    for resource in yaml.safe_load_all(file.read_text()):
        if resource["kind"] not in ELSEWHERE:
            kubernetes_validate.validate(resource, kubernetes_validate.latest_version(), strict=True)
            print(resource["kind"], resource["metadata"]["name"])
