namespace Microsoft.ML.DiffEnc.Diffusion.Ode;

/// <summary>
/// Where one image stands on its way through time, and how long its next step is: the proportional-integral control of a method of order 5
/// (Hairer, Nørsett and Wanner, Solving Ordinary Differential Equations I, section IV.2 of volume II, and their code DOPRI5).
/// </summary>
/// <param name="from">Where it starts.</param>
/// <param name="to">Where it ends, above <paramref name="from"/>.</param>
/// <param name="step">The first step.</param>
internal sealed class StepControl(double from, double to, double step)
{
    private const double Integral = 0.04, Proportional = 0.2 - 0.75 * Integral;
    private const double Safety = 0.9, MostShrinking = 0.2, MostGrowth = 10;

    private double _step = step, _errorBefore = 1e-4;
    private bool _rejected;

    public double Time { get; private set; } = from;

    public bool IsDone => Time >= to;

    /// <summary>The next step; the last one ends at the end, and none just before it.</summary>
    public double Step => _step * 1.01 >= to - Time ? to - Time : _step;

    /// <summary>Steps tried.</summary>
    public int Steps { get; private set; }

    /// <summary>Whether <see cref="Step"/> is too short to move <see cref="Time"/>.</summary>
    public bool IsStuck => !IsDone && Time + Step <= Time;

    /// <summary>Goes on, or tries again with a shorter step.</summary>
    /// <param name="error">Of the step that was tried, in units of the tolerance; not a number where the equation gave none.</param>
    /// <returns>Whether the step is good.</returns>
    public bool Judge(double error)
    {
        Steps++;
        double tried = Step;
        if (!(error <= 1))
        {
            _step = tried * (double.IsFinite(error) ? Math.Max(MostShrinking, Safety * Math.Pow(error, -Proportional)) : MostShrinking);
            _rejected = true;
            return false;
        }
        double factor = Safety * Math.Pow(error, -Proportional) * Math.Pow(_errorBefore, Integral); // +∞ where the error is 0
        Time = tried == to - Time ? to : Time + tried;
        _step = tried * Math.Clamp(factor, MostShrinking, _rejected ? 1 : MostGrowth);
        _errorBefore = Math.Max(error, 1e-4);
        _rejected = false;
        return true;
    }
}
