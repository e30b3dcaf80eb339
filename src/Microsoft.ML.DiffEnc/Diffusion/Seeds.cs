using System.Runtime.InteropServices;

namespace Microsoft.ML.DiffEnc.Diffusion;

/// <summary>Seeds made from seeds, so that every draw is a function of what it is for and no generator state has to be kept.</summary>
internal static class Seeds
{
    /// <summary>A seed for one purpose: changing any argument changes all of its bits.</summary>
    public static ulong Mix(ulong seed, ulong a, ulong b = 0)
    {
        unchecked
        {
            ulong x = SplitMix(seed + 0x9E3779B97F4A7C15);
            x = SplitMix(x ^ SplitMix(a + 0xD1B54A32D192ED03));
            return SplitMix(x ^ SplitMix(b + 0x8CB92BA72F3D8DD7));
        }
    }

    /// <summary>A fingerprint of the bytes, for telling images apart.</summary>
    public static ulong Hash(ReadOnlySpan<byte> bytes)
    {
        unchecked
        {
            ulong hash = (ulong)bytes.Length;
            int whole = bytes.Length / sizeof(ulong) * sizeof(ulong);
            foreach (ulong word in MemoryMarshal.Cast<byte, ulong>(bytes[..whole]))
                hash = SplitMix(hash ^ word) + 0x9E3779B97F4A7C15;
            foreach (byte rest in bytes[whole..])
                hash = SplitMix(hash ^ rest) + 0x9E3779B97F4A7C15;
            return SplitMix(hash);
        }
    }

    // The finaliser of SplitMix64 (Steele, Lea and Flood, 2014): a bijection whose output bits all depend on all input bits.
    private static ulong SplitMix(ulong x)
    {
        unchecked
        {
            x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
            x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
            return x ^ (x >> 31);
        }
    }
}
