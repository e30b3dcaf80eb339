using LikelihoodScoring;
using LikelihoodScoring.Data;
using LikelihoodScoring.Drawing;
using LikelihoodScoring.Reporting;
using Xunit;

namespace Microsoft.ML.DiffEnc.Tests.Samples;

public sealed class LikelihoodScoringTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("00:00:00", "0 s")]
    [InlineData("00:00:59.9", "59 s")]
    [InlineData("00:01:05", "1 min 05 s")]
    [InlineData("01:05:10", "1 h 05 min 10 s")]
    [InlineData("2.03:04:05", "2 d 3 h 04 min")]
    public void A_duration_keeps_its_hours_and_days(string time, string expected) =>
        Assert.Equal(expected, Duration.Text(TimeSpan.Parse(time, null)));

    [Fact]
    public void Items_chosen_at_even_distances_come_from_every_part_of_a_sorted_list_and_are_not_among_the_others()
    {
        int[] items = [.. Enumerable.Range(0, 100)];

        (IReadOnlyList<int> chosen, IReadOnlyList<int> others) = Choose.EvenlyAndOthers(items, 10);

        Assert.Equal(Enumerable.Range(0, 10), chosen.Select(i => i / 10));
        Assert.Equal(items.Except(chosen), others);
    }

    [Fact]
    public void A_picture_cut_short_and_a_text_named_png_do_not_count_as_pictures()
    {
        string whole = Path.Combine(_folder, "whole.png"), cut = Path.Combine(_folder, "cut.png"), text = Path.Combine(_folder, "text.png");
        using (var bitmap = Raster.ToBitmap(new byte[64 * 64], 64, 64, channels: 1))
            Raster.SavePng(bitmap, whole);
        File.WriteAllBytes(cut, File.ReadAllBytes(whole)[..^30]);
        File.WriteAllText(text, "no picture");

        Assert.True(Raster.CanDecode(whole));
        Assert.False(Raster.CanDecode(cut));
        Assert.False(Raster.CanDecode(text));
    }

    [Fact]
    public void A_file_that_fails_half_way_leaves_the_old_one_and_nothing_beside_it()
    {
        string path = Path.Combine(_folder, "figures.json");
        File.WriteAllText(path, "old");

        Assert.Throws<IOException>(() => OutputFiles.WriteWhole(path, unfinished =>
        {
            File.WriteAllText(unfinished, "half");
            throw new IOException("disk full");
        }));

        Assert.Equal("old", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(_folder));
    }

    [Fact]
    public void A_path_below_a_file_is_refused_before_the_run_with_the_name_of_its_option()
    {
        string file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "");

        Assert.Contains("--output", Assert.Throws<UsageException>(() => OutputFiles.CheckFolder(Path.Combine(file, "out"), "--output")).Message);
        Assert.Contains("--json", Assert.Throws<UsageException>(() => OutputFiles.CheckFile(_folder, "--json")).Message);
    }

    [Fact]
    public void A_folder_that_can_be_written_to_is_made_and_left_empty()
    {
        string made = Path.Combine(_folder, "a", "b");

        OutputFiles.CheckFile(Path.Combine(made, "figures.json"), "--json");

        Assert.Empty(Directory.GetFileSystemEntries(made));
    }
}
