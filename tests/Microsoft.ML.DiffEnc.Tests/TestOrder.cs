// libtorch runs its own threads: tests side by side only get into each other's way, and some count live tensors.
[assembly: Xunit.CollectionBehavior(DisableTestParallelization = true)]
