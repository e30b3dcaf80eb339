"""The networks, which are those of samples/ReadWeights: beside this file where the benchmark was published, else there."""
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent / ".." / ".." / ".." / "samples" / "ReadWeights"))

from diffenc_torch import Networks, read_description, read_safetensors  # noqa: E402, F401
