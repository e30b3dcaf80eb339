using System.CommandLine;
using Microsoft.ML.DiffEnc.Studies.Depth;
using Microsoft.ML.DiffEnc.Studies.Importance;

return new RootCommand("Studies of trained models: what the docs' tables are made by.")
{
    DepthCommand.Create(), ImportanceCommand.Create()
}.Parse(args).Invoke();
