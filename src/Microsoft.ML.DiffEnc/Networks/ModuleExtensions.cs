using static TorchSharp.torch;

namespace Microsoft.ML.DiffEnc.Networks;

internal static class ModuleExtensions
{
    /// <summary>Registers a list of modules as <c>name.0</c>, <c>name.1</c>, … (<c>0</c>, <c>1</c>, … without a name).</summary>
    public static void RegisterEach<T>(this nn.Module parent, string? name, IReadOnlyList<T> children) where T : nn.Module
    {
        nn.Module list = parent;
        if (name is not null)
        {
            list = new Group();
            parent.register_module(name, list);
        }
        for (int i = 0; i < children.Count; i++)
            list.register_module(i.ToString(System.Globalization.CultureInfo.InvariantCulture), children[i]);
    }

    /// <summary>Sets <see cref="IFirstDerivatives.FirstDerivativesOnly"/> in all parts of a module, and in itself.</summary>
    public static void SetFirstDerivativesOnly(this nn.Module module, bool value)
    {
        foreach (var part in module.modules().Append(module).OfType<IFirstDerivatives>())
            part.FirstDerivativesOnly = value;
    }

    /// <summary>Whether the part may take its fused form now.</summary>
    public static bool MayFuse(this IFirstDerivatives part) => part.FirstDerivativesOnly || !is_grad_enabled();

    private sealed class Group() : nn.Module(nameof(Group));
}
