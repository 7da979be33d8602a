"""`slipway plan --output json` against the schema that is published for its readers, docs/plan.schema.json."""

import json
import os
import shutil
import subprocess
import tempfile

import jsonschema

from checks import check


def errors(schema, document):
    return "\n".join("%s: %s" % (error.json_path, error.message)
                     for error in jsonschema.Draft202012Validator(schema).iter_errors(document))


def run(slipway, top, spec):
    with open(top + "/docs/plan.schema.json") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    folder = tempfile.mkdtemp()
    environment = {**os.environ, "HOME": folder, "NO_COLOR": "1"}

    def slip(*words):
        return subprocess.run([slipway, *words], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def planned(name, *more):
        done = slip("plan", "sim.yaml", "--output", "json", *more)
        document = json.loads(done.stdout)
        found = errors(schema, document)
        check("schema: " + name, not found, found)
        return document

    try:
        with open(folder + "/sim.yaml", "w") as file:
            file.write(spec)
        first = planned("a new cluster")
        check("schema: a new cluster has steps", len(first["steps"]) > 20, first["actions"])
        check("schema: a new cluster claims its machines", first["claims"] == [{"what": "machines", "wanted": 3, "left": 100}],
              first.get("claims"))
        planned("every step of it", "--all")
        slip("bootstrap", "sim.yaml")
        rest = planned("nothing to do")
        check("schema: nothing is left to do", not rest["steps"], rest["actions"])
        check("schema: what makes nothing claims nothing", "claims" not in rest and "price_per_hour" not in rest, rest)
        with open(folder + "/sim.yaml", "w") as file:
            file.write(spec.replace("worker, count: 2", "worker, count: 1, price_per_hour: 0.25"))
        fewer = planned("a machine that leaves")
        check("schema: a delete waits for approval", any(step["approval"] for step in fewer["steps"]), fewer["actions"])
        check("schema: a machine less costs less", fewer.get("price_per_hour") == -0.25, fewer.get("price_per_hour"))
        # A schema that takes anything shows nothing.
        for name, spoil in (("a step without action", lambda step: step.pop("action")),
                            ("an unknown action", lambda step: step.update(action="destroy")),
                            ("a shown secret", lambda step: step.update(diff=[
                                {"field": "a", "old": "x", "new": "y", "unknown": False, "sensitive": True}]))):
            spoilt = json.loads(json.dumps(fewer))
            spoil(spoilt["steps"][0])
            check("schema refuses " + name, errors(schema, spoilt))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
