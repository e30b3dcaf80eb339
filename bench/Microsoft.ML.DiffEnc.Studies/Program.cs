using System.CommandLine;
using Microsoft.ML.DiffEnc.Studies.Depth;

return new RootCommand("Studies of trained models: what the docs' tables are made by.") { DepthCommand.Create() }.Parse(args).Invoke();
