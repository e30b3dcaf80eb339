using AnomalyService;

return CommandLine.Run(args);
