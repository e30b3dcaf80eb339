"""Denoiser and encoder of Microsoft.ML.DiffEnc in PyTorch (1.13 or newer), and their weights from a safetensors file, which needs no library.

Modules and parameters bear the names that the file has, so that load_state_dict takes them as they are.
"""
import json
import math
import struct
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

TYPES = {"F32": torch.float32, "F64": torch.float64, "I64": torch.int64, "U8": torch.uint8}


def read_safetensors(path):
    """Eight bytes of header length, a JSON header, the tensors. Gives {name: tensor} and the metadata."""
    data = bytearray(Path(path).read_bytes())
    length, = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        start, end = (8 + length + offset for offset in entry["data_offsets"])
        tensors[name] = torch.frombuffer(data[start:end], dtype=TYPES[entry["dtype"]]).reshape(entry["shape"])
    return tensors, metadata


def read_description(metadata):
    """The description of the model, from the metadata of its file."""
    document = json.loads(metadata["model"])
    if (document["format"], document["version"]) != ("Microsoft.ML.DiffEnc model", 1):
        raise ValueError(f"The file holds a {document['format']}, version {document['version']}; expected a Microsoft.ML.DiffEnc model, version 1.")
    if document["model"].get("classes") or document["model"].get("odeHead"):
        raise ValueError("The model has classes or a second head, which these networks have not.")
    return document["model"]


class TimeEmbedding(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.size = size
        self.dense0 = nn.Linear(size + 1, 4 * size)
        self.dense1 = nn.Linear(4 * size, 4 * size)

    def forward(self, time):
        """time [B] in [0, 1], in double precision: the angles reach 1000 rad."""
        half = self.size // 2
        frequencies = torch.exp(torch.arange(half, dtype=torch.float64, device=time.device) * (-math.log(10000) / (half - 1)))
        angles = 1000 * time.double()[:, None] * frequencies
        unconditional = torch.zeros_like(angles[:, :1])
        h = torch.cat([angles.sin(), angles.cos(), unconditional], 1).to(self.dense0.weight.dtype)
        return F.silu(self.dense1(F.silu(self.dense0(h))))


class ResNetBlock(nn.Module):
    def __init__(self, channels_in, channels, embedding, groups, dropout):
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, channels_in, eps=1e-6)
        self.conv1 = nn.Conv2d(channels_in, channels, 3, padding=1)
        self.cond_proj = nn.Linear(embedding, channels, bias=False)
        self.norm2 = nn.GroupNorm(groups, channels, eps=1e-6)
        self.dropout = nn.Dropout(dropout)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.shortcut = nn.Identity() if channels_in == channels else nn.Conv2d(channels_in, channels, 1)

    def forward(self, x, embedding):
        h = self.conv1(F.silu(self.norm1(x))) + self.cond_proj(embedding)[:, :, None, None]
        h = self.conv2(self.dropout(F.silu(self.norm2(h))))
        return self.shortcut(x) + h


class Attention(nn.Module):
    """One head over all pixels. Fused where PyTorch has it and no derivative of a derivative is asked for."""

    def __init__(self, channels, groups, fused):
        super().__init__()
        self.fused = fused and hasattr(F, "scaled_dot_product_attention")
        self.norm = nn.GroupNorm(groups, channels, eps=1e-6)
        self.q, self.k, self.v, self.proj_out = (nn.Linear(channels, channels) for _ in range(4))

    def forward(self, x):
        h = self.norm(x).flatten(2).transpose(1, 2)  # [B, H W, C]
        q, k, v = self.q(h), self.k(h), self.v(h)
        if self.fused:
            mixed = F.scaled_dot_product_attention(q[:, None], k[:, None], v[:, None])[:, 0]
        else:
            mixed = torch.softmax(q @ k.transpose(1, 2) / math.sqrt(x.shape[1]), -1) @ v
        return x + self.proj_out(mixed).transpose(1, 2).reshape(x.shape)


class Denoiser(nn.Module):
    """v-hat or eps-hat of z [B, C, H, W] at times [B]."""

    def __init__(self, channels, width, blocks, outputGroups, blockGroups, dropout=0.0):
        super().__init__()
        n, groups = width, blockGroups
        self.time_embedding = TimeEmbedding(n)
        self.conv_in = nn.Conv2d(5 * channels, n, 3, padding=1)
        self.down = nn.ModuleList(ResNetBlock(n, n, 4 * n, groups, dropout) for _ in range(blocks))
        self.mid1 = ResNetBlock(n, n, 4 * n, groups, dropout)
        self.attention = Attention(n, groups, fused=True)
        self.mid2 = ResNetBlock(n, n, 4 * n, groups, dropout)
        self.up = nn.ModuleList(ResNetBlock(2 * n, n, 4 * n, groups, dropout) for _ in range(blocks + 1))
        self.norm_out = nn.GroupNorm(outputGroups, n, eps=1e-6)
        self.conv_out = nn.Conv2d(n, channels, 3, padding=1)

    def forward(self, z, time):
        embedding = self.time_embedding(time)
        angles = torch.stack([z * (2 * math.pi * 64), z * (2 * math.pi * 128)], 2).flatten(1, 2)  # [B, 2C, H, W]
        h = self.conv_in(torch.cat([z, angles.sin(), angles.cos()], 1))
        skips = [h]
        for block in self.down:
            h = block(h, embedding)
            skips.append(h)
        h = self.mid2(self.attention(self.mid1(h, embedding)), embedding)
        for block in self.up:
            h = block(torch.cat([h, skips.pop()], 1), embedding)
        return self.conv_out(F.silu(self.norm_out(h))) + z


class EncoderUpLevel(nn.Module):
    def __init__(self, channels_in, channels, blocks, embedding, groups, dropout):
        super().__init__()
        self.upsample = nn.ConvTranspose2d(channels_in, channels, 2, stride=2)
        self.blocks = nn.ModuleList(
            ResNetBlock(2 * channels if b == 0 else channels, channels, embedding, groups, dropout) for b in range(blocks))

    def forward(self, h, skip, embedding):
        h = torch.cat([self.upsample(h), skip], 1)
        for block in self.blocks:
            h = block(h, embedding)
        return h


class Encoder(nn.Module):
    """y of images scaled to (-1, 1), [B, C, H, W], at times [B]; the encoding is alpha^2 x + sigma^2 y."""

    def __init__(self, channels, height, layout, width, blocks, outputGroups, blockGroups, dropout=0.0):
        super().__init__()
        n, embedding, groups = width, 4 * width, blockGroups
        levels, per_level = self.levels(layout, blocks, height)
        widths = [n << level for level in range(levels)]
        middle = outputGroups if layout == "Plain" else groups
        self.time_embedding = TimeEmbedding(n)
        self.conv_in = nn.Conv2d(channels, n, 3, padding=1)
        self.down = nn.ModuleList(
            nn.ModuleList(
                ResNetBlock(widths[level] if b > 0 else widths[max(level - 1, 0)], widths[level], embedding, groups, dropout)
                for b in range(per_level))
            for level in range(levels))
        self.mid1 = ResNetBlock(widths[-1], widths[-1], embedding, middle, dropout)
        self.attention = Attention(widths[-1], groups, fused=False)
        self.mid2 = ResNetBlock(widths[-1], widths[-1], embedding, middle, dropout)
        self.up = nn.ModuleList(
            EncoderUpLevel(widths[min(level + 1, levels - 1)], widths[level], per_level, embedding, groups, dropout)
            for level in reversed(range(levels)))
        self.norm_out = nn.GroupNorm(outputGroups, n, eps=1e-6)
        self.conv_out = nn.Conv2d(n, channels, 3, padding=1)

    @staticmethod
    def levels(layout, blocks, height):
        """Levels, and ResNet blocks on each of them."""
        if layout == "Plain":
            return blocks, 1
        for level in range(1, blocks + 1):
            below = height >> level
            if below % 2 == 1 or below <= 8:
                return level, 1 if level == blocks else blocks // level
        return blocks, 1

    def forward(self, image, time):
        embedding = self.time_embedding(time)
        h = self.conv_in(image)
        skips = []
        for level in self.down:
            for block in level:
                h = block(h, embedding)
            skips.append(h)
            h = F.max_pool2d(h, 2)
        h = self.mid2(self.attention(self.mid1(h, embedding)), embedding)
        for level in self.up:
            h = level(h, skips.pop(), embedding)
        return torch.tanh(self.conv_out(F.silu(self.norm_out(h))))


class Networks(nn.Module):
    """Both networks of a description; the encoder is None where there is no trainable one."""

    def __init__(self, description, dropout=0.0):
        super().__init__()
        self.description = description
        self.gamma_min, self.gamma_max = description["gammaMin"], description["gammaMax"]
        channels = description["channels"]
        self.denoiser = Denoiser(channels, **description["denoiser"], dropout=dropout)
        self.encoder = None
        if description["encoder"] == "Trainable":
            self.encoder = Encoder(
                channels, description["height"], description["encoderLayout"], **description["encoderNetwork"], dropout=dropout)

    def time(self, gamma):
        return (gamma - self.gamma_min) / (self.gamma_max - self.gamma_min)

    def denoise(self, z, gamma):
        """v-hat or eps-hat, as description['parameterization'] says: z [B, C, H, W], gamma [B]."""
        return self.denoiser(z, self.time(gamma))

    def encoder_output(self, image, gamma):
        """y(x, gamma), [B, C, H, W]."""
        if self.encoder is None:
            return image if self.description["encoder"] == "None" else torch.zeros_like(image)
        return self.encoder(image, self.time(gamma))
