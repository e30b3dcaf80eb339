return ReferenceCheckpoint.CommandLine.Run(args);
