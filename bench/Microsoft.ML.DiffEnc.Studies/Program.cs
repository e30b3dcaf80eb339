using System.CommandLine;
using LikelihoodScoring;
using Microsoft.ML.DiffEnc.Studies.Anomalies;
using Microsoft.ML.DiffEnc.Studies.Classes;
using Microsoft.ML.DiffEnc.Studies.Depth;
using Microsoft.ML.DiffEnc.Studies.Importance;
using Microsoft.ML.DiffEnc.Studies.Labels;
using Microsoft.ML.DiffEnc.Studies.Ranks;
using Microsoft.ML.DiffEnc.Studies.Samplers;
using Microsoft.ML.DiffEnc.Studies.Scoring;
using Spectre.Console;

AnsiConsole.Profile.Width = Math.Max(AnsiConsole.Profile.Width, 150); // also where the output is redirected
var root = new RootCommand("Studies of trained models: what the docs' tables are made by.")
{
    DepthCommand.Create(), ImportanceCommand.Create(), SamplersCommand.Create(), ClassesCommand.Create(), AnomaliesCommand.Create(), LabelsCommand.Create(),
    RanksCommand.Create(), ScoringCommand.Create()
};
int result = 0;
int failed = Guard.Run(_ => result = root.Parse(args).Invoke(new() { EnableDefaultExceptionHandler = false }));
return failed != 0 ? failed : result;
