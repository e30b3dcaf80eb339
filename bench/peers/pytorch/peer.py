#!/usr/bin/env python3
"""The PyTorch side of the benchmark. The benchmark starts it and speaks to it; what can be run by hand is the comparison

    python3 bench/peers/pytorch/peer.py --check FILE [--device cuda:0]

of losses and gradients with those in a file that the benchmark wrote (--check-file FILE).
"""
import argparse
import contextlib
import json
import sys
import time

try:
    import torch
except ImportError as error:
    print(json.dumps({"error": f"PyTorch cannot be imported by {sys.executable}: {error}. Install it, or name another Python after --peer."}))
    sys.exit(2)

from check import check  # noqa: E402
from memory import peak_megabytes, reset_peak, resident_megabytes  # noqa: E402
from scoring import Scorer  # noqa: E402
from training import Phases, Trainer  # noqa: E402

TYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


class Worker:
    """Answers requests, one JSON object a line. Between them it waits in a blocking read, without threads that spin."""

    def __init__(self, options):
        self.options = options
        self.device = torch.device(options.device)

    def hello(self, _):
        return {"version": torch.__version__, "runtime": f"Python {sys.version.split()[0]}", "threads": torch.get_num_threads(), "blas": blas()}

    def prepare(self, request):
        torch.manual_seed(1)
        model, count, batch = request["model"], request["images"], request["batch"]
        images = torch.randint(0, 256, (count, model["channels"], model["height"], model["width"]), dtype=torch.uint8)
        settings = self.device, TYPES[self.options.dtype], self.options.compile
        if request["training"]:
            self.trainer = Trainer(model, images, batch, *settings)
            bound = self.trainer.bound
        else:
            self.scorer = Scorer(model, *settings)
            self.images, bound = images, self.scorer.bound
            self.z = torch.randn(batch, *images.shape[1:], device=self.device)
            self.gamma = torch.zeros(batch, dtype=torch.float64, device=self.device)
        return {"parameters": sum(p.numel() for p in bound.parameters())}

    def step(self, request):
        return {"seconds": self.timed(lambda: self.trainer.step())}

    def split(self, _):
        phases = Phases(self.device)
        self.trainer.step(phases)
        return {"phases": phases.seconds}

    def forward(self, _):
        return {"seconds": self.timed(lambda: self.scorer.denoise(self.z, self.gamma))}

    def score(self, request):
        images = self.images[:request["images"]]
        return {"seconds": self.timed(lambda: self.scorer.score(images, request["draws"], request["perPass"]).cpu())}

    def memory(self, request):
        result = {"peak": peak_megabytes(), "resident": resident_megabytes()}
        if request.get("reset"):
            reset_peak()
        return result

    def check(self, request):
        return check(request["file"], self.device)

    def timed(self, work):
        now = Phases(self.device).now
        start = now()
        work()
        return now() - start

    def serve(self, requests, replies):
        for line in requests:
            request = json.loads(line)
            if request["do"] == "end":
                return
            try:
                reply = getattr(self, request["do"])(request)
            except Exception as error:  # the benchmark says which case it was
                reply = {"error": f"{type(error).__name__}: {error}"}
            print(json.dumps(reply), file=replies, flush=True)


def blas():
    """The library that multiplies matrices on the CPU, of those that are loaded."""
    torch.ones(64, 64) @ torch.ones(64, 64)
    with contextlib.suppress(OSError), open("/proc/self/maps") as maps:
        names = {line.split()[-1].rsplit("/")[-1] for line in maps if "/" in line}
        for kind in ("mkl", "openblas", "blis", "libblas"):
            found = sorted(name for name in names if kind in name and not name.startswith("libmkldnn"))
            if found:
                return found[0]
    return None if not torch.backends.mkl.is_available() else "mkl"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", metavar="FILE", help="compare losses and gradients with a file, and end")
    parser.add_argument("--device", default="cpu", help="cpu or cuda:0, cuda:1, …")
    parser.add_argument("--dtype", choices=TYPES, default="float32", help="bfloat16: autocast around the forward pass")
    parser.add_argument("--tf32", action="store_true", help="let a GPU round to TF32 in matrix products and convolutions")
    parser.add_argument("--compile", action="store_true", help="torch.compile of the losses; needs PyTorch 2")
    parser.add_argument("--threads", type=int, help="of the CPU")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = options.tf32
    if options.compile and not hasattr(torch, "compile"):
        print(json.dumps({"error": f"--compile needs PyTorch 2 or newer; this is {torch.__version__}."}))
        return 2
    if options.check:
        report = check(options.check, torch.device(options.device))
        print(json.dumps(report, indent=2))
        worst = max(report["gradients"], *report["losses"].values())
        return 0 if worst <= (1e-3 if report["type"] == "float32" else 1e-8) else 1
    replies, sys.stdout = sys.stdout, sys.stderr  # whatever libraries print is no reply
    Worker(options).serve(sys.stdin, replies)
    return 0


if __name__ == "__main__":
    sys.exit(main())
