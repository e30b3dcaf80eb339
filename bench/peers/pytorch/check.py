"""Compares losses and gradients with those that Microsoft.ML.DiffEnc computed from the same weights, images, times and noise."""
import math

import torch

from losses import Bound
from networks import read_description, read_safetensors

PARTS = ("reconstruction", "latent", "diffusion")


def part_of(tensors, prefix):
    return {name[len(prefix):]: tensor for name, tensor in tensors.items() if name.startswith(prefix)}


def deviation(ours, theirs, least=0.0):
    """The largest difference, relative to the largest value there is, or to the least that counts."""
    return (ours - theirs).abs().max().item() / max(theirs.abs().max().item(), least)


def check(path, device):
    """Gives the number of weights on this side and in the file, and the largest relative deviation of each loss and of the gradients.

    Computes in double precision whatever the file's is: the deviation is then what the other side's precision costs.
    """
    tensors, metadata = read_safetensors(path)
    precision = tensors["inputs.eps"].dtype
    tensors = {name: tensor.double() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}
    weights, inputs, losses, gradients = (part_of(tensors, prefix) for prefix in ("weights.", "inputs.", "losses.", "gradients."))
    description = read_description(metadata)
    bound = Bound(description, dropout=0.0).double().to(device)
    bound.networks.load_state_dict(weights)  # strict: names and shapes are the same
    parts = bound(*(inputs[name].to(device) for name in ("images", "times", "eps0", "eps")))
    dimensions = inputs["images"][0].numel()
    (sum(parts).mean() / (dimensions * math.log(2))).backward()
    found = {name: p.grad.cpu() for name, p in bound.networks.named_parameters()}
    # Some are zero but for rounding, such as that of an offset of the keys, which no attention depends on.
    least = (1e-6 if precision == torch.float64 else 1e-2) * max(gradient.abs().max().item() for gradient in gradients.values())
    each = {name: deviation(found[name], gradients[name], least) for name in gradients}
    worst = max(each, key=each.get)
    return {
        "parameters": sum(p.numel() for p in bound.parameters()),
        "expectedParameters": sum(w.numel() for w in weights.values()),
        "losses": {name: deviation(part.detach().cpu(), losses[name]) for name, part in zip(PARTS, parts)},
        "gradients": each[worst],
        "worstGradient": worst,
        "type": str(precision).replace("torch.", ""),
    }
