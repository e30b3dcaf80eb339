using System.Globalization;
using System.Reflection;
using System.Text.Json;
using Microsoft.ML.DiffEnc.Persistence;

namespace Microsoft.ML.DiffEnc.Evaluation.Reports;

/// <summary>Reports as files, the same in every country.</summary>
internal static class ReportFiles
{
    private const string Format = "Microsoft.ML.DiffEnc likelihood report";
    private const int FormatVersion = 1;

    public static void SaveJson(LikelihoodReport report, string path) => WholeFile.Write(path, stream =>
    {
        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteString("format", Format);
        json.WriteNumber("version", FormatVersion);
        json.WriteString("library", Library());
        json.WriteNumber("images", report.Images.Count);
        Write(json, "bitsPerDimension", report.BitsPerDimension);
        Write(json, "reconstructionLoss", report.ReconstructionLoss);
        Write(json, "latentLoss", report.LatentLoss);
        Write(json, "diffusionLoss", report.DiffusionLoss);
        Write(json, "natsPerImage", report.NatsPerImage);
        json.WriteStartArray("percentiles");
        foreach (var (percent, value) in report.Percentiles)
            Write(json, null, ("percent", percent), ("bitsPerDimension", value));
        json.WriteEndArray();
        json.WriteStartArray("diffusionLossOverTime");
        foreach (var s in report.DiffusionLossOverTime)
        {
            Write(json, null, ("start", s.Start), ("end", s.End), ("gammaStart", s.GammaStart), ("gammaEnd", s.GammaEnd),
                ("lossPerTime", s.LossPerTime), ("lossPerTimeStandardError", s.LossPerTimeStandardError),
                ("lossPerGamma", s.LossPerGamma), ("lossPerGammaStandardError", s.LossPerGammaStandardError),
                ("evaluations", s.Evaluations));
        }
        json.WriteEndArray();
        json.WriteString("estimator", report.Estimator);
        json.WritePropertyName("scoring");
        report.Scoring.WriteTo(json);
        json.WritePropertyName("model");
        report.Model.WriteTo(json);
        json.WriteEndObject();
    });

    public static void SaveImagesCsv(LikelihoodReport report, string path) => WriteCsv(
        path,
        "Row,BitsPerDimension,ReconstructionLoss,LatentLoss,DiffusionLoss,StandardError",
        report.Images.Select((i, row) => Line(
            $"{row},{i.BitsPerDimension:R},{i.ReconstructionLoss:R},{i.LatentLoss:R},{i.DiffusionLoss:R},{i.StandardError:R}")));

    public static void SaveCurveCsv(LikelihoodReport report, string path) => WriteCsv(
        path,
        "Start,End,GammaStart,GammaEnd,LossPerTime,LossPerTimeStandardError,LossPerGamma,LossPerGammaStandardError,Evaluations",
        report.DiffusionLossOverTime.Select(s =>
            Line($"{s.Start:R},{s.End:R},{s.GammaStart:R},{s.GammaEnd:R},{s.LossPerTime:R},{s.LossPerTimeStandardError:R},")
            + Line($"{s.LossPerGamma:R},{s.LossPerGammaStandardError:R},{s.Evaluations}")));

    private static string Library()
    {
        var assembly = typeof(LikelihoodReport).Assembly;
        return $"{assembly.GetName().Name} {assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion}";
    }

    private static void WriteCsv(string path, string header, IEnumerable<string> lines) => WholeFile.Write(path, stream =>
    {
        using var text = new StreamWriter(stream, leaveOpen: true) { NewLine = "\n" };
        text.WriteLine(header);
        foreach (string line in lines)
            text.WriteLine(line);
    });

    private static string Line(FormattableString line) => line.ToString(CultureInfo.InvariantCulture);

    private static void Write(Utf8JsonWriter json, string name, LossEstimate loss) => Write(json, name, ("mean", loss.Mean),
        ("standardError", loss.StandardError), ("imageStandardError", loss.ImageStandardError), ("drawStandardError", loss.DrawStandardError));

    /// <summary>An object of numbers; JSON has none that is not finite.</summary>
    private static void Write(Utf8JsonWriter json, string? name, params ReadOnlySpan<(string Name, double Value)> numbers)
    {
        if (name is null)
            json.WriteStartObject();
        else
            json.WriteStartObject(name);
        foreach (var (property, value) in numbers)
        {
            if (double.IsFinite(value))
                json.WriteNumber(property, value);
            else
                json.WriteNull(property);
        }
        json.WriteEndObject();
    }
}
