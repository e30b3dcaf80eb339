using LikelihoodScoring;

return CommandLine.Run(args);
