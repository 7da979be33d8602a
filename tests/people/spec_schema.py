"""What an editor says of specs: docs/spec.schema.json, of whole ones and of those that extend another."""

import json

import jsonschema

from checks import check

WHOLE = {"name": "shop", "provider": "local", "network": {"endpoint": "10.99.0.10"}, "local": None,
         "pools": {"control": {"role": "control-plane", "count": 1}, "workers": {"role": "worker", "count": 2}}}
DIFFERENCE = {"extends": "dev.yaml", "name": "shop", "pools": {"workers": {"count": 4}, "extra": None},
              "openstack": {"flavor": {"cpus": 4}, "region": None}, "addons": {"mine": {"replicas": 2}}}


def without(document, *keys):
    return {key: value for key, value in document.items() if key not in keys}


def run(top):
    with open(top + "/docs/spec.schema.json") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    taint = {"key": "a/b", "effect": "NoSchedule"}
    right = (("a whole spec", WHOLE), ("a difference", DIFFERENCE), ("a difference of nothing", {"extends": "a", "name": "b"}),
             ("a taint in a difference", {**DIFFERENCE, "pools": {"workers": {"taints": [taint]}}}))
    wrong = (("a whole spec without pools", without(WHOLE, "pools")),
             ("a pool without role", {**WHOLE, "pools": {"control": {"count": 1}}}),
             ("an empty provider", {**WHOLE, "provider": None}),
             ("an add-on of one's own without path", {**WHOLE, "addons": {"mine": {"replicas": 2}}}),
             ("a difference without a name", without(DIFFERENCE, "name")),
             ("a difference from nothing", {**DIFFERENCE, "extends": None}),
             ("an unknown key in a difference", {**DIFFERENCE, "pool": {}}),
             ("a count that is a word in a difference", {**DIFFERENCE, "pools": {"workers": {"count": "four"}}}),
             ("half a taint in a difference", {**DIFFERENCE, "pools": {"workers": {"taints": [without(taint, "effect")]}}}))
    for name, document in right:
        found = "\n".join(error.message for error in validator.iter_errors(document))
        check("spec schema takes " + name, not found, found)
    for name, document in wrong:
        check("spec schema refuses " + name, not validator.is_valid(document))
