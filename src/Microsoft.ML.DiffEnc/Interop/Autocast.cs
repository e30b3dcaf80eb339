using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Interop;

/// <summary>
/// libtorch's autocast, on this thread: convolutions, matrix products and attention take bfloat16 copies of what they are given. TorchSharp has no API
/// for it; libtorch's own functions are called by their C++ names, which <see cref="Problem"/> looks for first.
/// </summary>
internal static class Autocast
{
    private static readonly Lazy<Functions?> Native = new(Functions.Find);

    /// <summary>Why this libtorch has no autocast to offer; <see langword="null"/>: it has.</summary>
    public static string? Problem => Native.Value is null
        ? $"this libtorch ({__version__}) does not export the autocast functions of libtorch {InstalledLibTorch.Version}"
        : null;

    /// <summary>Begins a stretch in that precision; dispose of the result on the same thread to end it.</summary>
    /// <returns><see langword="null"/> where it is single precision.</returns>
    public static IDisposable? Enter(TrainingPrecision precision, Device device)
        => precision == TrainingPrecision.BFloat16 ? new Stretch(Native.Value ?? throw new NotSupportedException(Problem), device.type) : null;

    /// <summary>Whether this thread is in such a stretch on a device of this kind.</summary>
    public static bool IsOn(DeviceType device) => Native.Value is { } native && native.IsEnabled((sbyte)device);

    private sealed class Stretch : IDisposable
    {
        private readonly Functions _native;
        private readonly sbyte _device;
        private readonly bool _before;

        public Stretch(Functions native, DeviceType device)
        {
            (_native, _device) = (native, (sbyte)device);
            _before = native.IsEnabled(_device);
            native.SetType(_device, (sbyte)ScalarType.BFloat16);
            native.SetEnabled(_device, true);
            native.IncrementNesting();
        }

        public void Dispose()
        {
            if (_native.DecrementNesting() == 0)
                _native.ClearCache(); // of the weights' copies
            _native.SetEnabled(_device, _before);
        }
    }

    /// <summary><c>at::autocast::…</c> of libtorch_cpu, with the calling convention of C.</summary>
    private sealed unsafe class Functions
    {
        private readonly delegate* unmanaged<sbyte, byte, void> _setEnabled;
        private readonly delegate* unmanaged<sbyte, byte> _isEnabled;
        private readonly delegate* unmanaged<sbyte, sbyte, void> _setType;
        private readonly delegate* unmanaged<int> _increment, _decrement;
        private readonly delegate* unmanaged<void> _clear;

        private Functions(IReadOnlyList<nint> exports)
        {
            _setEnabled = (delegate* unmanaged<sbyte, byte, void>)exports[0];
            _isEnabled = (delegate* unmanaged<sbyte, byte>)exports[1];
            _setType = (delegate* unmanaged<sbyte, sbyte, void>)exports[2];
            _increment = (delegate* unmanaged<int>)exports[3];
            _decrement = (delegate* unmanaged<int>)exports[4];
            _clear = (delegate* unmanaged<void>)exports[5];
        }

        public static Functions? Find() => NativeFiles.Exports(
            "torch_cpu",
            "_ZN2at8autocast20set_autocast_enabledEN3c1010DeviceTypeEb",
            "_ZN2at8autocast19is_autocast_enabledEN3c1010DeviceTypeE",
            "_ZN2at8autocast18set_autocast_dtypeEN3c1010DeviceTypeENS1_10ScalarTypeE",
            "_ZN2at8autocast17increment_nestingEv",
            "_ZN2at8autocast17decrement_nestingEv",
            "_ZN2at8autocast11clear_cacheEv") is { } exports ? new(exports) : null;

        public void SetEnabled(sbyte device, bool value) => _setEnabled(device, value ? (byte)1 : (byte)0);

        public bool IsEnabled(sbyte device) => _isEnabled(device) != 0;

        public void SetType(sbyte device, sbyte type) => _setType(device, type);

        public void IncrementNesting() => _increment();

        public int DecrementNesting() => _decrement();

        public void ClearCache() => _clear();
    }
}
