"""Forward passes without gradients: the denoiser alone, and the bound of images by K draws each."""
import torch

from losses import Bound
from training import autocast, draws


class Scorer:
    def __init__(self, description, device, dtype=torch.float32, compiled=False):
        self.device, self.dtype = device, dtype
        self.bound = Bound(description, dropout=0.0).to(device).eval()
        self.diffusion = torch.compile(self.bound.diffusion) if compiled else self.bound.diffusion

    @torch.no_grad()
    def denoise(self, z, gamma):
        with autocast(self.device, self.dtype):
            return self.bound.networks.denoise(z, gamma)

    @torch.no_grad()
    def score(self, images, count, per_pass):
        """Nats per image, [images], the mean over draws; as many images at once as make per_pass evaluations."""
        nats = []
        for part in images.split(max(1, per_pass // count)):
            part = part.to(self.device, non_blocking=True)
            repeated = part.repeat_interleave(count, 0)
            eps0, eps, times = draws(repeated, self.device)
            with autocast(self.device, self.dtype):
                x0, x1 = self.bound.end_points(self.bound.scale(part, eps.dtype))
                losses = self.bound.reconstruction(repeated, x0.repeat_interleave(count, 0), eps0)
                losses = losses + self.diffusion(self.bound.scale(repeated, eps.dtype), times, eps)
                nats.append(losses.reshape(len(part), count).mean(1) + self.bound.latent(x1))
        return torch.cat(nats)
