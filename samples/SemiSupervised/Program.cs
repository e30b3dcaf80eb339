using SemiSupervised;

return CommandLine.Run(args);
