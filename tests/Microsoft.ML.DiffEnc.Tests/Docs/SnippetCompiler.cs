using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Microsoft.ML.DiffEnc.Tests.Docs;

/// <summary>Compiles what the docs show, as a program that has the package would.</summary>
internal static partial class SnippetCompiler
{
    private static readonly string[] _implicitUsings =
        ["System", "System.Collections.Generic", "System.IO", "System.Linq", "System.Net.Http", "System.Threading", "System.Threading.Tasks"];

    // The runtime's libraries and those that the tests come with: ML.NET, TorchSharp and ours.
    private static readonly MetadataReference[] _references = [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
        .Split(Path.PathSeparator).Select(path => MetadataReference.CreateFromFile(path))];

    /// <summary>The compiler's errors, each with its place in the Markdown file; none: it compiles.</summary>
    public static string[] Errors(Snippet snippet)
    {
        // A block may declare what others assume: locals hide inherited members. Its types stand at its end, as in any program of top-level statements.
        string[] lines = snippet.Code.Split('\n');
        int types = Array.FindIndex(lines, TypeDeclaration().IsMatch) is var found and >= 0 ? found : lines.Length;
        string source = $$"""
            {{string.Join('\n', _implicitUsings.Select(name => $"global using global::{name};"))}}
            {{string.Join('\n', snippet.Usings)}}
            internal sealed class Block : global::{{typeof(Assumptions).FullName}}
            {
                public async Task Run()
                {
                    await Task.CompletedTask;
            #line {{snippet.Line}} "{{snippet.File}}"
            {{string.Join('\n', lines[..types])}}
            #line default
                }
            #line {{snippet.Line + types}} "{{snippet.File}}"
            {{string.Join('\n', lines[types..])}}
            #line default
            }
            """;
        var tree = CSharpSyntaxTree.ParseText(source, new CSharpParseOptions(LanguageVersion.Latest));
        var options = new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable);
        return [.. CSharpCompilation.Create("Docs", [tree], _references, options).GetDiagnostics()
            .Where(found => found.Severity == DiagnosticSeverity.Error).Select(Text)];
    }

    [GeneratedRegex(@"^(public |internal |sealed |static |partial )*(class|record|struct|interface|enum) ")]
    private static partial Regex TypeDeclaration();

    private static string Text(Diagnostic error)
    {
        FileLinePositionSpan place = error.Location.GetMappedLineSpan();
        return FormattableString.Invariant($"{place.Path}({place.StartLinePosition.Line + 1}): {error.Id} {error.GetMessage(null)}");
    }
}
