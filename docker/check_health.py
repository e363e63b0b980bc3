"""Exit code 0 when Airflow's API says that a component is healthy: ``check_health.py scheduler``.

Asked over HTTP because ``airflow jobs check`` imports all of Airflow, seconds of CPU at every check of every service.
``CHECK_HEALTH_URL`` names another API than the one of docker-compose.yaml.
"""

import json
import os
import sys
import urllib.request


def main(component: str) -> int:
    """Prints the component's status and returns 0 for healthy, 1 for anything else."""
    url = os.environ.get("CHECK_HEALTH_URL", "http://api-server:8080/api/v2/monitor/health")
    try:
        with urllib.request.urlopen(url, timeout=8) as answer:
            status = json.load(answer)[component]["status"]
    except (OSError, ValueError, KeyError) as error:
        status = type(error).__name__
    sys.stdout.write(f"{component}: {status}\n")
    return 0 if status == "healthy" else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
