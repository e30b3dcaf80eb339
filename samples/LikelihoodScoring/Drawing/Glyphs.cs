using SkiaSharp;

namespace LikelihoodScoring.Drawing;

/// <summary>
/// Digits and letters as pen strokes: control points in a box from (0, 0), top left, to (1, 1); a stroke is a smooth curve through its points.
/// No font is needed, and every point can be moved a little, as a hand does.
/// </summary>
internal static class Glyphs
{
    /// <summary>The digits 0 to 9.</summary>
    public static IReadOnlyList<SKPoint[][]> Digits { get; } =
    [
        Parse(".5,0 .83,.15 .92,.5 .83,.85 .5,1 .17,.85 .08,.5 .17,.15 .5,0"),
        Parse(".28,.2 .55,0 | .55,0 .55,1"),
        Parse(".12,.25 .3,.03 .65,.02 .85,.25 .7,.55 .12,1 | .12,1 .9,1"),
        Parse(".12,.12 .45,0 .8,.12 .8,.35 .42,.47 | .42,.47 .87,.6 .88,.85 .5,1 .1,.88"),
        Parse(".6,0 .06,.68 | .06,.68 .95,.68 | .66,.25 .66,1"),
        Parse(".85,0 .22,0 | .22,0 .16,.45 | .16,.45 .5,.36 .87,.55 .82,.87 .45,1 .1,.88"),
        Parse(".75,.03 .4,.2 .14,.6 .2,.9 .5,1 .83,.85 .8,.6 .5,.48 .17,.66"),
        Parse(".1,0 .9,0 | .9,0 .58,.45 .38,1"),
        Parse(".5,.48 .2,.3 .25,.07 .5,0 .75,.07 .8,.3 .5,.48 .15,.65 .15,.9 .5,1 .85,.9 .85,.65 .5,.48"),
        Parse(".83,.3 .6,.5 .3,.45 .15,.25 .3,.03 .6,0 .83,.15 .84,.35 .78,.7 .55,1"),
    ];

    /// <summary>Capital letters that no digit is easily taken for.</summary>
    public static IReadOnlyList<SKPoint[][]> Letters { get; } =
    [
        Parse(".05,1 .5,0 | .5,0 .95,1 | .22,.62 .78,.62"),                     // A
        Parse(".85,0 .15,0 | .15,0 .15,1 | .15,1 .85,1 | .15,.48 .7,.48"),      // E
        Parse(".85,0 .15,0 | .15,0 .15,1 | .15,.48 .7,.48"),                    // F
        Parse(".12,0 .12,1 | .88,0 .88,1 | .12,.5 .88,.5"),                     // H
        Parse(".15,0 .15,1 | .85,0 .15,.55 | .38,.4 .88,1"),                    // K
        Parse(".05,1 .12,0 | .12,0 .5,.6 | .5,.6 .88,0 | .88,0 .95,1"),         // M
        Parse(".15,1 .15,0 | .15,0 .85,1 | .85,1 .85,0"),                       // N
        Parse(".05,0 .95,0 | .5,0 .5,1"),                                       // T
        Parse(".02,0 .25,1 | .25,1 .5,.3 | .5,.3 .75,1 | .75,1 .98,0"),         // W
        Parse(".08,0 .92,1 | .92,0 .08,1"),                                     // X
        Parse(".08,0 .5,.48 | .92,0 .5,.48 | .5,.48 .5,1"),                     // Y
    ];

    private static SKPoint[][] Parse(string strokes) =>
        [.. strokes.Split('|', StringSplitOptions.TrimEntries).Select(stroke => stroke.Split(' ').Select(ParsePoint).ToArray())];

    private static SKPoint ParsePoint(string point)
    {
        string[] xy = point.Split(',');
        return new SKPoint(float.Parse(xy[0]), float.Parse(xy[1]));
    }
}
