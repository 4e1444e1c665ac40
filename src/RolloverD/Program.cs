using RolloverD.Commands;

return await CommandLine.RunAsync(args);
