"""What importing this library costs beside importing the CDK itself.

Run as ``python benchmarks/imports.py [--runs 15]``. Each run is a process of its own; the statements take turns.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys

STATEMENTS = {
    "aws_cdk": "import aws_cdk",
    "aws_cdk and sm_constructs": "import aws_cdk, sm_constructs",
    "value objects, without the CDK": "from sm_constructs import Container, Instances, Scaling",
    "aws_cdk and its services": (
        "import aws_cdk; from aws_cdk import aws_applicationautoscaling, aws_ec2, aws_iam, aws_sagemaker"
    ),
    "the same and RealTimeEndpoint": (
        "import aws_cdk; from aws_cdk import aws_applicationautoscaling, aws_ec2, aws_iam, aws_sagemaker; "
        "from sm_constructs import RealTimeEndpoint"
    ),
}


def seconds(statement: str) -> float:
    code = f"import time\nstart = time.perf_counter()\n{statement}\nprint(time.perf_counter() - start)"
    return float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    for statement in STATEMENTS.values():
        seconds(statement)
    times = {name: [] for name in STATEMENTS}
    for _ in range(runs):
        for name, statement in STATEMENTS.items():
            times[name].append(seconds(statement))
    median = {name: statistics.median(times[name]) * 1000 for name in STATEMENTS}
    print(f"imports, median of {runs} runs")
    for name, time in median.items():
        print(f"  {name:32} {time:6.0f} ms")
    print(
        f"  sm_constructs beside aws_cdk: {median['aws_cdk and sm_constructs'] - median['aws_cdk']:+.0f} ms (aim: 50)"
    )


if __name__ == "__main__":
    main()
