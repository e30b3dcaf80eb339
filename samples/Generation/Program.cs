using Generation;

return CommandLine.Run(args);
