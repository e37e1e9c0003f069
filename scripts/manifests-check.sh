#!/usr/bin/env bash
# The manifests of deploy/ against the schemas of Kubernetes, the chart as Helm renders it, and the compose file. Needs Python 3
# with venv, and three packages of PyPI: kubernetes-validate (the schemas), helm-python-sdk (Helm 4 as a library) and
# compose-spec. Nothing is applied.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet 'kubernetes-validate>=1.30' helm-python-sdk compose-spec

"$work/venv/bin/python" - "$work" << 'PYTHON'
import pathlib, re, sys
from compose_spec import PyOptions
from helm_python.chart import Chart

options = PyOptions()
options.apply_merge = True
# Variables are filled in before a compose file is read.
compose = options.from_yaml(re.sub(r"\$\{[^}]*\}", "1000", pathlib.Path("deploy/compose.yaml").read_text()))
compose.validate()
services = compose.to_dict()["services"]
assert sorted(services) == ["dealer", "northside", "riverside"], services
for name, service in services.items():
    assert service["read_only"] and service["cap_drop"] == ["ALL"] and service["user"] == "1000:1000", (name, service)

work = pathlib.Path(sys.argv[1])
roster = "[[compute]]\nname = \"Northside\"\naddress = \"northside.example.org:7700\"\n"
base = {"image": {"repository": "registry.example.org/mpc"}, "roster": roster}
chart = Chart.load("deploy/helm/mpc-party")
for party in ["Northside", "dealer"]:
    values = chart.merge_values({**base, "party": party, "args": ["--connect-timeout=600"]})
    chart.validate_schema(values)
    rendered = chart.render(values, name="mpc", namespace="default")
    text = "\n---\n".join(text for name, text in rendered.items() if name.endswith(".yaml"))
    assert ("kind: Deployment" in text) == (party == "dealer"), text
    assert ("--party=Northside" in text) == (party == "Northside"), text
    (work / f"{party}.yaml").write_text(text)
for wrong in [{**base, "party": ""}, {**base, "party": "A", "replicas": 3}, {"party": "A", "roster": roster}]:
    try:
        chart.validate_schema(chart.merge_values(wrong))
    except Exception as error:
        print("refused, as it should be:", str(error).strip().splitlines()[-1])
    else:
        sys.exit(f"values are accepted: {wrong}")
PYTHON

for version in 1.30.0 1.34.0; do
  "$work/venv/bin/kubernetes-validate" --strict -k "$version" deploy/kubernetes/*.yaml "$work"/*.yaml
done
echo "the manifests are good"
