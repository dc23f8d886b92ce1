"""nigh, through its command line, with the answer in the same shape as a peer's."""

import json
import subprocess
import tempfile


def one_round(binary, data):
    """Run `nigh index eval --sweep` once; the index is built in the first round and kept."""
    command = [binary, "index", "eval", "--base", data.path("base.fbin"), "--queries", data.asked()]
    command += ["--truth", data.truth_file(), "--metric", data.metric]
    command += ["--index", data.index_file("nigh"), "--sweep", "--threads", "1", "--json"]
    with tempfile.TemporaryFile("w+") as out:
        subprocess.run(command, stdout=out, check=True)
        out.seek(0)
        answer = json.load(out)
    points = [reshaped(point) for point in answer["points"]]
    return dict(build_cpu=answer["build_seconds"], bytes=answer["bytes"], points=points)


def reshaped(point):
    recall = point["recall_at_10"]
    mode = lambda name: dict(recall=recall, qps=point[f"{name}_qps"], qps_wall=point[f"{name}_qps_wall"])
    return dict(setting=dict(params=point["params"]), single=mode("single"), batch=mode("batch"))
