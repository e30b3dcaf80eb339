using AnomalyDetection;

return CommandLine.Run(args);
