#!/usr/bin/env python3
"""Reads a model that Microsoft.ML.DiffEnc saved (weights.safetensors) into PyTorch and compares its networks' outputs with
those that were saved beside it (reference.json). Needs numpy and torch; the file format needs no library.

    dotnet run --project samples/ReadWeights -c Release
    python3 samples/ReadWeights/read_weights.py out/read-weights
"""
import json
import math
import struct
import sys
from pathlib import Path

import numpy
import torch
import torch.nn.functional as F

TYPES = {"F32": numpy.float32, "F64": numpy.float64, "I64": numpy.int64, "U8": numpy.uint8}


def read_safetensors(path):
    """Eight bytes of header length, a JSON header, the tensors. Gives {name: tensor} and the metadata."""
    data = Path(path).read_bytes()
    length, = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        start, end = (8 + length + offset for offset in entry["data_offsets"])
        array = numpy.frombuffer(data[start:end], TYPES[entry["dtype"]]).reshape(entry["shape"])
        tensors[name] = torch.from_numpy(array.copy())
    return tensors, metadata


class Model:
    """Denoiser and encoder as functions of a dictionary of weights."""

    def __init__(self, path):
        self.weights, metadata = read_safetensors(path)
        document = json.loads(metadata["model"])
        if (document["format"], document["version"]) != ("Microsoft.ML.DiffEnc model", 1):
            raise ValueError(f"{path} holds a {document['format']}, version {document['version']}")
        self.description = document["model"]

    def denoise(self, z, gamma, conditioning=None):
        """v-hat or eps-hat, as description['parameterization'] says: z [B, C, H, W], gamma [B]."""
        size = self.description["denoiser"]
        groups, blocks = size["blockGroups"], size["blocks"]
        embedding = self._time_embedding("denoiser.time_embedding", size["width"], gamma, conditioning)
        angles = torch.stack([z * (2 * math.pi * 64), z * (2 * math.pi * 128)], 2).flatten(1, 2)  # [B, 2C, H, W]
        h = self._convolution("denoiser.conv_in", torch.cat([z, angles.sin(), angles.cos()], 1))
        skips = [h]
        for i in range(blocks):
            h = self._block(f"denoiser.down.{i}", h, embedding, groups)
            skips.append(h)
        h = self._block("denoiser.mid1", h, embedding, groups)
        h = self._attention("denoiser.attention", h, groups)
        h = self._block("denoiser.mid2", h, embedding, groups)
        for i in range(blocks + 1):
            h = self._block(f"denoiser.up.{i}", torch.cat([h, skips.pop()], 1), embedding, groups)
        h = F.silu(self._norm("denoiser.norm_out", h, size["outputGroups"]))
        return self._convolution("denoiser.conv_out", h) + z

    def encoder_output(self, image, gamma, conditioning=None):
        """y(x, gamma) for an image scaled to (-1, 1); the encoding is alpha^2 x + sigma^2 y."""
        kind = self.description["encoder"]
        if kind != "Trainable":
            return image if kind == "None" else torch.zeros_like(image)
        size = self.description["encoderNetwork"]
        groups = size["blockGroups"]
        middle = size["outputGroups"] if self.description["encoderLayout"] == "Plain" else groups
        embedding = self._time_embedding("encoder.time_embedding", size["width"], gamma, conditioning)
        h = self._convolution("encoder.conv_in", image)
        skips = []
        for level in self._count("encoder.down"):
            for block in self._count(f"encoder.down.{level}"):
                h = self._block(f"encoder.down.{level}.{block}", h, embedding, groups)
            skips.append(h)
            h = F.max_pool2d(h, 2)
        h = self._block("encoder.mid1", h, embedding, middle)
        h = self._attention("encoder.attention", h, groups)
        h = self._block("encoder.mid2", h, embedding, middle)
        for k in self._count("encoder.up"):
            h = F.conv_transpose2d(h, self.weights[f"encoder.up.{k}.upsample.weight"], self.weights[f"encoder.up.{k}.upsample.bias"], stride=2)
            h = torch.cat([h, skips.pop()], 1)
            for block in self._count(f"encoder.up.{k}.blocks"):
                h = self._block(f"encoder.up.{k}.blocks.{block}", h, embedding, groups)
        h = F.silu(self._norm("encoder.norm_out", h, size["outputGroups"]))
        return torch.tanh(self._convolution("encoder.conv_out", h))

    def _count(self, prefix):
        """0, 1, … for the parts named prefix.0, prefix.1, …"""
        return range(len({name[len(prefix) + 1:].split(".")[0] for name in self.weights if name.startswith(prefix + ".")}))

    def _time_embedding(self, name, size, gamma, conditioning):
        low, high = self.description["gammaMin"], self.description["gammaMax"]
        time = (gamma.double() - low) / (high - low)  # in double precision: the angles reach 1000 rad
        half = size // 2
        frequencies = torch.exp(torch.arange(half, dtype=torch.float64) * (-math.log(10000) / (half - 1)))
        angles = 1000 * time[:, None] * frequencies
        number = torch.zeros_like(gamma) if conditioning is None else conditioning.to(gamma)
        h = torch.cat([angles.sin(), angles.cos(), number.double()[:, None]], 1).to(self.weights[name + ".dense0.weight"].dtype)
        return F.silu(self._dense(name + ".dense1", F.silu(self._dense(name + ".dense0", h))))

    def _block(self, name, x, embedding, groups):
        h = self._convolution(name + ".conv1", F.silu(self._norm(name + ".norm1", x, groups)))
        h = h + F.linear(embedding, self.weights[name + ".cond_proj.weight"])[:, :, None, None]
        h = self._convolution(name + ".conv2", F.silu(self._norm(name + ".norm2", h, groups)))
        return h + (self._convolution(name + ".shortcut", x) if name + ".shortcut.weight" in self.weights else x)

    def _attention(self, name, x, groups):
        h = self._norm(name + ".norm", x, groups).flatten(2).transpose(1, 2)  # [B, H W, C]
        q, k, v = (self._dense(f"{name}.{part}", h) for part in "qkv")
        shares = torch.softmax(q @ k.transpose(1, 2) / math.sqrt(x.shape[1]), -1)
        return x + self._dense(name + ".proj_out", shares @ v).transpose(1, 2).reshape(x.shape)

    def _dense(self, name, x):
        return F.linear(x, self.weights[name + ".weight"], self.weights[name + ".bias"])

    def _convolution(self, name, x):
        kernel = self.weights[name + ".weight"]
        return F.conv2d(x, kernel, self.weights[name + ".bias"], padding=kernel.shape[-1] // 2)

    def _norm(self, name, x, groups):
        return F.group_norm(x, groups, self.weights[name + ".weight"], self.weights[name + ".bias"], eps=1e-6)


def main(folder):
    model = Model(Path(folder) / "weights.safetensors")
    reference = json.loads((Path(folder) / "reference.json").read_text())
    shape = reference.pop("shape")
    tensors = {name: torch.tensor(values) for name, values in reference.items()}
    tensors = {name: value if name == "gamma" else value.reshape(shape) for name, value in tensors.items()}
    print(f"{len(model.weights)} tensors, {sum(w.numel() for w in model.weights.values()):,} weights: {model.description}")
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
