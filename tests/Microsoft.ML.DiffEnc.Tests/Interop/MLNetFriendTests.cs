using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Runtime.CompilerServices;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Interop;

/// <summary>
/// The library uses internals of ML.NET, which another version of ML.NET may change without notice. Here every type and member that its compiled code
/// names is bound against the ML.NET that is there, so that such a change is found by its name, and not by a user.
/// </summary>
public class MLNetFriendTests
{
    private static readonly Module _library = typeof(DiffEncTransformer).Module;

    [Fact]
    public void Every_type_and_member_of_ML_NET_that_the_library_uses_exists()
    {
        using var file = new PEReader(File.OpenRead(_library.FullyQualifiedName));
        MetadataReader metadata = file.GetMetadataReader();

        List<Type> types = [.. metadata.TypeReferences
            .Where(handle => IsMLNet(metadata, handle))
            .Select(handle => _library.ResolveType(MetadataTokens.GetToken(handle)))];
        List<MemberInfo> members = [.. metadata.MemberReferences
            .Where(handle => metadata.GetMemberReference(handle).Parent is { Kind: HandleKind.TypeReference } parent
                && IsMLNet(metadata, (TypeReferenceHandle)parent))
            .Select(handle => _library.ResolveMember(MetadataTokens.GetToken(handle))!)];

        // What this is about: were none of these found, nothing would have been tested.
        Assert.Contains(types, t => t.FullName == "Microsoft.ML.LoadableClassAttribute" && !t.IsVisible);
        Assert.Contains(types, t => t.FullName == "Microsoft.ML.VersionInfo" && !t.IsVisible);
        Assert.Contains(types, t => t.FullName == "Microsoft.ML.Data.RowToRowMapperTransform" && !t.IsVisible);
        Assert.Contains(members, m => m is MethodBase { Name: "TryLoadBinaryStream" });
        Assert.Contains(members, m => m is MethodBase { Name: "SaveBinaryStream", IsAssembly: true });
    }

    [Fact]
    public void The_runtime_is_asked_to_honour_the_friendship_with_each_assembly_whose_internals_are_used()
        => Assert.Equal(
            ["Microsoft.ML.Core", "Microsoft.ML.Data"],
            _library.Assembly.GetCustomAttributes<IgnoresAccessChecksToAttribute>().Select(a => a.AssemblyName).Order(StringComparer.Ordinal));

    // Loading a model makes ML.NET look at every type of the assembly: none may need something that is not there.
    [Fact]
    public void Every_type_of_the_library_loads() => Assert.NotEmpty(_library.Assembly.GetTypes());

    private static bool IsMLNet(MetadataReader metadata, TypeReferenceHandle handle)
    {
        EntityHandle scope = metadata.GetTypeReference(handle).ResolutionScope;
        return scope.Kind switch
        {
            HandleKind.TypeReference => IsMLNet(metadata, (TypeReferenceHandle)scope),
            HandleKind.AssemblyReference => metadata.GetString(metadata.GetAssemblyReference((AssemblyReferenceHandle)scope).Name)
                .StartsWith("Microsoft.ML", StringComparison.Ordinal),
            _ => false,
        };
    }
}
