using TorchSharp;

namespace Microsoft.ML.DiffEnc.Interop;

/// <summary>
/// Whether products on GPUs may be rounded to TF32. The setting is the process's, and libtorch lets cuDNN do it by default; here it is off but where
/// somebody has asked for it, as long as he computes.
/// </summary>
internal static class TensorFloat32
{
    private static readonly Lock Setting = new();
    private static int _users;

    /// <summary>Forbids it, unless somebody is computing with it.</summary>
    public static void Forbid()
    {
        lock (Setting)
        {
            if (_users == 0)
                Set(false);
        }
    }

    /// <summary>Allows it until the result is disposed of, where a precision means it: on a GPU, all but single precision.</summary>
    public static IDisposable? AllowFor(TrainingPrecision precision, torch.Device device)
        => precision == TrainingPrecision.Float32 || device.type == DeviceType.CPU ? null : new Use();

    private static void Set(bool allow) => torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = allow;

    private sealed class Use : IDisposable
    {
        public Use()
        {
            lock (Setting)
            {
                _users++;
                Set(true);
            }
        }

        public void Dispose()
        {
            lock (Setting)
            {
                if (--_users == 0)
                    Set(false);
            }
        }
    }
}
