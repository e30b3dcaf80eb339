"""Posts pictures to a running service from many clients at once, every tenth cut short, and prints what came back.

python3 load.py FOLDER [--port 5000] [--clients 1 8 32] [--requests 500] [--pid PID]

With the process id of the service it prints the memory that the process holds after each run (Linux). Python's standard library is enough.
"""

import argparse
import collections
import http.client
import pathlib
import queue
import threading
import time


def post(connection, body):
    connection.request("POST", "/score", body, {"Content-Type": "application/octet-stream"})
    response = connection.getresponse()
    response.read()
    return response.status


def run_client(port, jobs, answers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    while True:
        try:
            body = jobs.get_nowait()
        except queue.Empty:
            return
        start = time.perf_counter()
        status = post(connection, body)
        answers.append((status, time.perf_counter() - start))


def run(port, pictures, clients, requests):
    """All answers (status, seconds), and the seconds they took together."""
    jobs, answers = queue.Queue(), []
    for i in range(requests):
        body = pictures[i % len(pictures)]
        jobs.put(body[: len(body) // 2] if i % 10 == 9 else body)
    threads = [threading.Thread(target=run_client, args=(port, jobs, answers)) for _ in range(clients)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers, time.perf_counter() - start


def resident_megabytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) // 1024
    raise ValueError(f"/proc/{pid}/status names no VmRSS")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--port", type=int, default=5000)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--pid", type=int)
    options = parser.parse_args()
    pictures = [path.read_bytes() for path in sorted(options.folder.iterdir()) if path.is_file()]
    if not pictures:
        parser.error(f"there are no files in {options.folder}")

    print("clients  answers                  requests/s  p50 ms  p95 ms" + ("  memory MB" if options.pid else ""))
    for clients in options.clients:
        answers, seconds = run(options.port, pictures, clients, options.requests)
        statuses = ", ".join(f"{n} × {status}" for status, n in sorted(collections.Counter(status for status, _ in answers).items()))
        times = sorted(1000 * elapsed for status, elapsed in answers if status == 200) or [float("nan")]
        p50, p95 = times[len(times) // 2], times[len(times) * 95 // 100]
        memory = f"  {resident_megabytes(options.pid):9}" if options.pid else ""
        print(f"{clients:7}  {statuses:23}  {len(answers) / seconds:10.1f}  {p50:6.0f}  {p95:6.0f}{memory}", flush=True)


if __name__ == "__main__":
    main()
