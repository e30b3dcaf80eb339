#!/usr/bin/env python3
"""Reads a model that Microsoft.ML.DiffEnc saved (weights.safetensors) into PyTorch and compares its networks' outputs with
those that were saved beside it (reference.json). Needs torch, and diffenc_torch.py in the same folder.

    dotnet run --project samples/ReadWeights -c Release
    python3 samples/ReadWeights/read_weights.py out/read-weights
"""
import json
import sys
from pathlib import Path

import torch

from diffenc_torch import Networks, read_description, read_safetensors


def main(folder):
    weights, metadata = read_safetensors(Path(folder) / "weights.safetensors")
    description = read_description(metadata)
    model = Networks(description).eval()
    model.load_state_dict({name: weight for name, weight in weights.items() if not name.startswith("schedule.")})
    reference = json.loads((Path(folder) / "reference.json").read_text())
    shape = reference.pop("shape")
    tensors = {name: torch.tensor(values) for name, values in reference.items()}
    tensors = {name: value if name == "gamma" else value.reshape(shape) for name, value in tensors.items()}
    print(f"{len(weights)} tensors, {sum(w.numel() for w in weights.values()):,} weights: {description}")
    sound = True
    with torch.no_grad():
        for name, output in (("denoised", model.denoise(tensors["z"], tensors["gamma"])),
                             ("encoder_output", model.encoder_output(tensors["image"], tensors["gamma"]))):
            deviation, largest = (output - tensors[name]).abs().max().item(), tensors[name].abs().max().item()
            print(f"{name}: largest value {largest:.4f}, largest deviation {deviation:.1e}")
            sound &= deviation <= 1e-4 * max(largest, 1)
    print("The same." if sound else "NOT the same.")
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "out/read-weights"))
