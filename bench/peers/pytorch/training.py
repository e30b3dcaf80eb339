"""A training step of DiffEnc as one writes it in PyTorch: batch, losses, gradients, AdamW, moving average."""
import math
import time

import torch

from losses import Bound


class Phases:
    """Adds up the seconds between marks."""

    def __init__(self, device):
        self.device, self.seconds = device, {}
        self.last = self.now()

    def now(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        return time.perf_counter()

    def mark(self, name):
        now = self.now()
        self.seconds[name] = self.seconds.get(name, 0.0) + now - self.last
        self.last = now


def autocast(device, dtype):
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=dtype == torch.bfloat16)


def draws(images, device):
    """Both noises, and times that cover [0, 1) evenly from one uniform draw."""
    eps0, eps = (torch.randn(images.shape, device=device) for _ in range(2))
    uniform = torch.rand(1, dtype=torch.float64, device=device)
    times = (uniform + torch.arange(len(images), dtype=torch.float64, device=device) / len(images)).frac()
    return eps0, eps, times


class Trainer:
    def __init__(self, description, images, batch, device, dtype=torch.float32, compiled=False, dropout=0.1, learning_rate=2e-4,
                 warm_up=100, weight_decay=0.01, ema_decay=0.9999):
        """images [N, C, H, W] as bytes, on the CPU."""
        self.images, self.batch, self.device, self.dtype = images, batch, device, dtype
        self.learning_rate, self.warm_up, self.ema_decay = learning_rate, warm_up, ema_decay
        self.dimensions = images[0].numel()
        self.bound = Bound(description, dropout).to(device).train()
        self.losses = torch.compile(self.bound) if compiled else self.bound
        self.parameters = list(self.bound.parameters())
        self.average = [p.detach().clone() for p in self.parameters]
        biases = [p for name, p in self.bound.named_parameters() if name.endswith(".bias")]
        others = [p for name, p in self.bound.named_parameters() if not name.endswith(".bias")]
        self.optimizer = adamw([
            {"params": others, "weight_decay": weight_decay},
            {"params": biases, "weight_decay": 0.0},
        ], lr=learning_rate, betas=(0.9, 0.99), eps=1e-8)
        self.order = torch.randperm(len(images))
        self.position = self.steps = 0

    def step(self, phases=None):
        images = self.next_batch()
        eps0, eps, times = draws(images, self.device)
        if phases:
            phases.mark("Data")
        with autocast(self.device, self.dtype):
            parts = self.losses(images, times, eps0, eps)
        loss = sum(parts).mean() / (self.dimensions * math.log(2))
        if phases:
            phases.mark("Forward")
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if phases:
            phases.mark("Backward")
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate * min(1.0, self.steps / self.warm_up)
        self.optimizer.step()
        self.update_average()
        self.steps += 1
        if phases:
            phases.mark("Update")
        return loss

    def next_batch(self):
        rows = []
        while len(rows) < self.batch:
            if self.position == len(self.order):
                self.order, self.position = torch.randperm(len(self.order)), 0
            taken = self.order[self.position:self.position + self.batch - len(rows)]
            self.position += len(taken)
            rows.extend(taken.tolist())
        batch = self.images[rows]
        return (batch.pin_memory() if self.device.type == "cuda" else batch).to(self.device, non_blocking=True)

    @torch.no_grad()
    def update_average(self):
        if hasattr(torch, "_foreach_lerp_"):
            torch._foreach_lerp_(self.average, self.parameters, 1 - self.ema_decay)
        else:
            torch._foreach_mul_(self.average, self.ema_decay)
            torch._foreach_add_(self.average, self.parameters, alpha=1 - self.ema_decay)


def adamw(groups, **settings):
    """The fastest form that this version has for these weights."""
    for form in ({"fused": True}, {"foreach": True}):
        try:
            return torch.optim.AdamW(groups, **settings, **form)
        except (TypeError, RuntimeError):
            continue
    return torch.optim.AdamW(groups, **settings)
