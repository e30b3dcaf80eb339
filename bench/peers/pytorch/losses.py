"""The three losses of DiffEnc in continuous time (Nielsen et al., 2024, section 3), in nats per image, each [B]."""
import math

import torch
from torch import nn

import networks


def over_pixels(per_image):
    return per_image[:, None, None, None]


class Bound(nn.Module):
    """Reconstruction, latent and diffusion loss of both networks, with the fixed linear schedule and the v-parameterisation."""

    def __init__(self, description, dropout):
        super().__init__()
        if (description["parameterization"], description["noiseSchedule"]) != ("V", "FixedLinear"):
            raise ValueError("The peer has the v-parameterisation and the fixed linear schedule only.")
        self.networks = networks.Networks(description, dropout)
        self.kind = description["encoder"]
        self.gamma_min, self.gamma_max = description["gammaMin"], description["gammaMax"]

    def forward(self, images, times, eps0, eps):
        """images [B, C, H, W] as bytes, times [B] in double precision, noise [B, C, H, W] in the networks' type."""
        x = self.scale(images, eps.dtype)
        x0, x1 = self.end_points(x)
        return self.reconstruction(images, x0, eps0), self.latent(x1), self.diffusion(x, times, eps)

    @staticmethod
    def scale(images, dtype):
        return (images.to(dtype) + 0.5) * (2 / 256) - 1

    def reconstruction(self, images, x0, eps0):
        """Each value is categorical over the 256 it may have."""
        z0 = x0 + math.exp(self.gamma_min / 2) * eps0
        values = (torch.arange(256, dtype=z0.dtype, device=z0.device) + 0.5) * (2 / 256) - 1
        logits = (z0[..., None] - values).square() * (-0.5 * math.exp(-self.gamma_min))
        return -torch.log_softmax(logits, -1).gather(-1, images.long()[..., None]).flatten(1).sum(1)

    def latent(self, x1):
        alpha2 = 1 / (1 + math.exp(self.gamma_max))
        return 0.5 * (alpha2 * x1.square() - alpha2 - math.log1p(-alpha2)).flatten(1).sum(1)

    def diffusion(self, x, times, eps):
        slope = self.gamma_max - self.gamma_min
        gamma = self.gamma_min + slope * times
        alpha2, sigma2 = (over_pixels(torch.sigmoid(g)).to(x.dtype) for g in (-gamma, gamma))
        alpha, sigma = alpha2.sqrt(), sigma2.sqrt()
        if self.kind == "None":
            encoded, drift = x, None
        else:
            y, slope_of_y = self.encoder_with_derivative(x, gamma)
            encoded = alpha2 * x + sigma2 * y
            drift = encoded - y - slope_of_y  # of dx_t/d lambda = sigma^2 (x_t - y - dy/d gamma)
        z = alpha * encoded + sigma * eps
        v = self.networks.denoise(z, gamma)
        error = alpha * eps - sigma * encoded - v
        if drift is not None:
            error = error + sigma * (alpha * z - sigma * v - drift)
        return 0.5 * slope * (alpha * error).square().flatten(1).sum(1)

    def end_points(self, x):
        """The encodings at t = 0 and t = 1, from one pass."""
        if self.kind == "None":
            return x, x
        gamma = torch.tensor([self.gamma_min, self.gamma_max], dtype=torch.float64, device=x.device).repeat_interleave(len(x))
        both = torch.cat([x, x])
        alpha2, sigma2 = (over_pixels(torch.sigmoid(g)).to(x.dtype) for g in (-gamma, gamma))
        return (alpha2 * both + sigma2 * self.networks.encoder_output(both, gamma)).chunk(2)

    def encoder_with_derivative(self, x, gamma):
        """y and dy/dgamma, both differentiable in the weights."""
        if self.kind != "Trainable":
            return torch.zeros_like(x), torch.zeros_like(x)
        return derivative_along_time(lambda g: self.networks.encoder_output(x, g), gamma)


def derivative_along_time(function, gamma):
    """Value and derivative of a function of gamma [B]: in forward mode, which PyTorch 2 has, else by two reverse passes."""
    if hasattr(torch, "func"):
        return torch.func.jvp(function, (gamma,), (torch.ones_like(gamma),))
    with torch.enable_grad():
        recorded = gamma.detach().requires_grad_()
        value = function(recorded)
        # The pullback is linear in its argument u: its derivative along ones is the derivative wanted, whatever u is.
        u = torch.zeros_like(value, requires_grad=True)
        pulled, = torch.autograd.grad(value, recorded, u, create_graph=True)
        derivative, = torch.autograd.grad(pulled, u, torch.ones_like(pulled), create_graph=True)
    return value, derivative
