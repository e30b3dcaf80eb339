// ML.NET keeps to itself what an outside transformer needs to be saved and loaded (LoadableClass, ModelLoadContext, VersionInfo).
// eng/MLNetFriend.targets lets us compile against them; this lets the runtime honour it.
[assembly: System.Runtime.CompilerServices.IgnoresAccessChecksTo("Microsoft.ML.Core")]
[assembly: System.Runtime.CompilerServices.IgnoresAccessChecksTo("Microsoft.ML.Data")]

namespace System.Runtime.CompilerServices;

/// <summary>Not in the base class library: the runtime recognises it by its full name, wherever it is declared.</summary>
[AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
internal sealed class IgnoresAccessChecksToAttribute(string assemblyName) : Attribute
{
    public string AssemblyName { get; } = assemblyName;
}
